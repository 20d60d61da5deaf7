// What is given on a command line. Names of accounts and containers: as they are, not percent-encoded.
import { InvalidArgumentError } from 'commander';
import type { RecordName } from '../records/record.js';
import type { ContainerName } from '../site/site.js';

/** `ACCOUNT` or `ACCOUNT/CONTAINER`. @throws InvalidArgumentError */
export function parseAccountOrContainer(text: string): RecordName {
  const [account = '', container, ...rest] = text.split('/');
  if (account === '' || container === '' || rest.length > 0)
    throw new InvalidArgumentError('Write ACCOUNT or ACCOUNT/CONTAINER.');
  return container === undefined ? { account } : { account, container };
}

/** `ACCOUNT/CONTAINER`. @throws InvalidArgumentError */
export function parseContainer(text: string): ContainerName {
  const { account, container } = parseAccountOrContainer(text);
  if (container === undefined) throw new InvalidArgumentError('Write ACCOUNT/CONTAINER.');
  return { account, container };
}

/** From 0. @throws InvalidArgumentError */
export function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a whole number, from 0.');
}
