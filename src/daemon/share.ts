// Which containers are this process's, where several share the work of one cluster's daemon (as in Swift's object expirer). Pure.
import { createHash } from 'node:crypto';
import type { RecordName } from '../records/record.js';

export interface Share {
  /** How many processes there are; 0 and 1: this one does all. */
  readonly processes: number;
  /** Which of them this is, from 0. */
  readonly process: number;
}

export const WHOLE: Share = { processes: 1, process: 0 };

/** The same one for a name, in whichever process it is asked. */
export function isInShare({ processes, process }: Share, { account, container = '' }: RecordName): boolean {
  if (processes <= 1) return true;
  const hash = createHash('md5').update(`${account}/${container}`).digest().readUInt32BE();
  return hash % processes === process;
}
