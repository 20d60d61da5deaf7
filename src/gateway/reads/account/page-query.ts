// Which page of an account's listing a client asks for, and how to ask another cluster for the same one, or for what comes behind it. Pure.
import { encodeName, queryParameter, swiftTarget } from '../../../swift/path.js';

export interface PageQuery {
  readonly account: string;
  /** Undefined where Swift is to use its own. */
  readonly limit: number | undefined;
  readonly isReverse: boolean;
  /** It begins with the account's first container and ends with its last, unless it is cut for its length. */
  readonly isUnbounded: boolean;
  /** All that bounds it, as Swift is asked. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** As Swift's `account_listing_limit` by default (common/constraints.py). */
export const DEFAULT_LIMIT = 10_000;

const PARAMETERS = ['limit', 'marker', 'end_marker', 'prefix', 'delimiter', 'reverse'] as const;
const BOUNDS = ['marker', 'end_marker', 'prefix', 'delimiter'] as const;
/** What Swift takes for true (common/utils.py, TRUE_VALUES). */
const TRUE = new Set(['true', '1', 'yes', 'on', 't', 'y']);

/** @param target of a client's GET */
export function readPageQuery(account: string, target: string): PageQuery {
  const parameters = new Map<string, string>();
  for (const name of PARAMETERS) {
    const value = queryParameter(target, name);
    if (value !== undefined && value !== '') parameters.set(name, value);
  }
  const limit = parameters.get('limit') ?? '';
  return {
    account,
    limit: /^\d+$/.test(limit) ? Number(limit) : undefined,
    isReverse: TRUE.has(parameters.get('reverse')?.toLowerCase() ?? ''),
    isUnbounded: !BOUNDS.some((name) => parameters.has(name)),
    parameters,
  };
}

/** The target of a request for that page as JSON. @param marker in place of the client's */
export function pageTarget(
  { account, parameters }: Pick<PageQuery, 'account' | 'parameters'>,
  marker?: string,
): string {
  const asked = new Map(parameters);
  if (marker !== undefined) asked.set('marker', marker);
  const fields = [...asked].map(([name, value]) => `&${name}=${encodeName(value)}`);
  return `${swiftTarget(account)}?format=json${fields.join('')}`;
}
