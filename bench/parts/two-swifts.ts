// Questions that a gateway answers by asking two Swifts, against what these take for them: each alone, and both at once.
import type { SwiftSession } from '../../test/support/swift-client.js';
import { shareOfTime, type Bench } from '../bench.js';
import { digits, median, ratio } from '../numbers.js';
import type { PartReport } from '../report.js';
import { sideBySide, type Comparison, type Sample } from '../rounds.js';

const SWIFTS = ['at Swift here', 'at Swift there'] as const;
/** Both at once, since they share this machine's cores. */
const BOTH = 'at both at once';
const SUBJECTS = [...SWIFTS, BOTH, 'gateway'] as const;
type Subject = (typeof SUBJECTS)[number];

export interface Question {
  readonly what: string;
  readonly method: 'GET' | 'HEAD';
  /** Raw, below the account. */
  readonly path: string;
}

export interface Asked {
  readonly here: SwiftSession;
  readonly there: SwiftSession;
  readonly gateway: SwiftSession;
}

/** A question with what was measured. */
export type Found = readonly [Question, Comparison<Subject>];

/** All questions, one after the other; each gets the same share of the time that is left. */
export async function askBoth(
  bench: Bench,
  { here, there, gateway }: Asked,
  questions: readonly Question[],
  rounds: number,
): Promise<Found[]> {
  const sessions: Readonly<Record<Subject, readonly SwiftSession[]>> = {
    'at Swift here': [here],
    'at Swift there': [there],
    [BOTH]: [here, there],
    'gateway': [gateway],
  };
  const found: Found[] = [];
  for (const [index, question] of questions.entries()) {
    bench.say(question.what);
    const options = { rounds, deadline: shareOfTime(bench, questions.length - index) };
    const comparison = await sideBySide(SUBJECTS, options, (subject) => timed(sessions[subject], question));
    found.push([question, comparison]);
  }
  return found;
}

async function timed(sessions: readonly SwiftSession[], { method, path }: Question): Promise<Sample> {
  const began = performance.now();
  const answers = await Promise.all(sessions.map((session) => session.request(method, path)));
  const failed = answers.filter(({ status }) => status >= 300).length;
  return { ms: performance.now() - began, failed };
}

/** The gateway's time ÷ that of the slower Swift in the same round; of these the median. */
export function overheadOf([, comparison]: Found): number {
  return overhead(comparison, SWIFTS);
}

function overhead({ samples }: Comparison<Subject>, others: readonly Subject[]): number {
  const ms = (subject: Subject, round: number): number => samples[subject][round]?.['ms'] ?? NaN;
  return median(
    samples.gateway.map(
      (_, round) => ms('gateway', round) / Math.max(...others.map((subject) => ms(subject, round))),
    ),
  );
}

export function tableOf(title: string, found: readonly Found[]): PartReport['tables'][number] {
  return {
    title,
    columns: ['', ...SUBJECTS, 'gateway ÷ the slower Swift', 'gateway ÷ both at once'],
    rows: found.map(([{ what }, comparison]) => [
      what,
      ...SUBJECTS.map((subject) => digits(comparison.median(subject, 'ms'))),
      ratio(overhead(comparison, SWIFTS)),
      ratio(overhead(comparison, [BOTH])),
    ]),
  };
}

export function failuresOf(found: readonly Found[]): string[] {
  const failed = found.reduce((sum, [, comparison]) => sum + comparison.total('failed'), 0);
  return failed === 0 ? [] : [`${failed} answers were not the right ones`];
}

export function samplesOf(found: readonly Found[]): PartReport['samples'] {
  return Object.fromEntries(found.map(([{ what }, { samples }]) => [what, samples]));
}
