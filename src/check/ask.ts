// One question to one server, bounded in time, and what its Date says of its clock. Knows nothing of what is asked.
import { askOnce, type Question } from '../http/ask-once.js';
import type { ClientAnswer } from '../http/request-sender.js';
import { AutosyncError } from '../lib/errors.js';
import type { About, Finding, FindingCode } from './finding.js';

export type Asked =
  | { readonly kind: 'answer'; readonly answer: ClientAnswer; readonly clock: Clock | undefined }
  | { readonly kind: 'failed'; readonly why: string };

/** How far a server's clock is ahead of this host's; `Date` has whole seconds, so it is never known exactly. */
export interface Clock {
  readonly aheadMs: number;
  readonly uncertaintyMs: number;
}

/** Takes `timeoutMs` at most; never rejects for the server's trouble. */
export async function ask(question: Question, timeoutMs: number): Promise<Asked> {
  const startMs = Date.now();
  try {
    const answer = await askOnce(question, timeoutMs);
    return { kind: 'answer', answer, clock: readClock(answer.headers.get('date'), startMs, Date.now()) };
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return { kind: 'failed', why: error.detail || error.message };
  }
}

/** A Date of whole seconds is anywhere in its second, and was written at any time between question and answer. */
export function readClock(date: string | undefined, startMs: number, endMs: number): Clock | undefined {
  const dateMs = Date.parse(date ?? '');
  if (Number.isNaN(dateMs)) return undefined;
  return {
    aheadMs: dateMs + 500 - (startMs + endMs) / 2,
    uncertaintyMs: 500 + Math.max(0, endMs - startMs) / 2,
  };
}

/** A clock that is off by more than it can be misread is worth a word: the newest change wins by these clocks. */
export function judgeClock(
  about: About,
  code: FindingCode,
  what: string,
  clock: Clock | undefined,
  maxSkewMs: number,
): Finding {
  if (clock === undefined) return about.skipped(code, `${what} sends no Date: its clock is not known`);
  const offMs = Math.abs(clock.aheadMs) - clock.uncertaintyMs;
  if (offMs <= 0)
    return about.ok(code, `${what}: clock right within ${(clock.uncertaintyMs / 500).toFixed(0)} s`);
  const seconds = (Math.abs(clock.aheadMs) / 1000).toFixed(1);
  const message = `${what}: clock ${seconds} s ${clock.aheadMs > 0 ? 'ahead of' : 'behind'} this host's`;
  if (offMs > maxSkewMs) {
    const limit = `max_clock_skew is ${maxSkewMs / 1000} s`;
    return about.error(code, `${message}; ${limit}`, 'Set the clocks of both hosts by NTP (chrony, ntpd).');
  }
  const fix = 'Set the clocks of both hosts by NTP: the newest change wins, by these clocks.';
  return about.warning(code, message, fix);
}

/** The body as a JSON object; undefined for what is none. */
export function jsonObject(answer: ClientAnswer): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(answer.body.toString('utf8')));
  } catch {
    return undefined;
  }
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
