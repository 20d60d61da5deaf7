// Measures several subjects in turn, round after round, so that whatever drifts on the machine meets them all alike.
import { median } from './numbers.js';

/** What one measurement found, by name; NaN is "not measured". */
export type Sample = Readonly<Record<string, number>>;

export interface RoundsOptions {
  readonly rounds: number;
  /** `performance.now()` from which no further round begins; the first always runs. */
  readonly deadline: number;
}

/** The samples of all subjects, round by round. */
export class Comparison<S extends string> {
  readonly samples: Readonly<Record<S, readonly Sample[]>>;

  constructor(samples: Readonly<Record<S, readonly Sample[]>>) {
    this.samples = samples;
  }

  /** The median over the rounds. */
  median(subject: S, metric: string): number {
    return median(this.samples[subject].map((sample) => sample[metric] ?? NaN));
  }

  /** `subject` ÷ `base`, round by round, and of these the median: what slows a whole round down does not count. */
  ratio(metric: string, subject: S, base: S): number {
    const bases = this.samples[base];
    return median(
      this.samples[subject].map((sample, round) => (sample[metric] ?? NaN) / (bases[round]?.[metric] ?? NaN)),
    );
  }

  /** A metric's sum over everything. */
  total(metric: string): number {
    const all = Object.values<readonly Sample[]>(this.samples).flat();
    return all.reduce((sum, sample) => sum + (sample[metric] ?? 0), 0);
  }
}

/** Rounds A B C, B C A, C A B …: each goes first as often as the others. */
export async function sideBySide<S extends string>(
  subjects: readonly S[],
  options: RoundsOptions,
  measure: (subject: S, round: number) => Promise<Sample>,
): Promise<Comparison<S>> {
  const samples = Object.fromEntries(subjects.map((subject) => [subject, [] as Sample[]])) as Record<
    S,
    Sample[]
  >;
  for (let round = 0; round < options.rounds; round += 1) {
    if (round > 0 && performance.now() > options.deadline) break;
    const first = round % subjects.length;
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      samples[subject].push(await measure(subject, round));
    }
  }
  return new Comparison(samples);
}
