// Lets work go when the pace says, and tells it what came of requests.
import type { Throttle } from '../http/request-sender.js';
import type { Pace } from './pace.js';

/** Waits for its turn. */
export async function turn(pace: Pace): Promise<void> {
  const waitMs = pace.take(performance.now());
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
}

export function throttle(pace: Pace): Throttle {
  return async (send) => {
    await turn(pace);
    const beganMs = performance.now();
    let status: number | undefined;
    try {
      const answer = await send();
      ({ status } = answer);
      return answer;
    } finally {
      const nowMs = performance.now();
      pace.learn(nowMs, nowMs - beganMs, status);
    }
  };
}
