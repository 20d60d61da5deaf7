// The line on a terminal that says how far a comparison of objects is.
import type { RunCount } from '../verify/run.js';
import { renderProgress } from './verify-text.js';

export interface ProgressLine {
  /** Out of the way of what is printed. */
  clear(): void;
  end(): void;
}

const EVERY_MS = 1_000;

/**
 * On a terminal: how far it is, how fast, and how long it will take where that is known.
 *
 * @param expect how many objects there are; asked on a terminal only, and not waited for
 */
export function startProgress(
  { json }: { readonly json?: true },
  count: RunCount,
  expect: () => Promise<number | undefined>,
): ProgressLine {
  if (!process.stderr.isTTY || json === true) return { clear: () => undefined, end: () => undefined };
  let expected: number | undefined;
  void expect().then(
    (found) => (expected = found),
    () => undefined,
  );
  const beganMs = performance.now();
  const clear = (): boolean => process.stderr.write('\r\x1b[K');
  const timer = setInterval(() => {
    const seconds = (performance.now() - beganMs) / 1000;
    process.stderr.write(`\r${renderProgress(count, seconds, expected)} \x1b[K`);
  }, EVERY_MS);
  return {
    clear,
    end() {
      clearInterval(timer);
      clear();
    },
  };
}
