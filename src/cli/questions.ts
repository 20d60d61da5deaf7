// Questions to another process, paired with their answers.

export class Questions {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  /** Rejects when no answer comes in time, or the other side could not find one. */
  ask<T>(send: (id: number) => void, timeoutMs: number): Promise<T> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error('No answer from the other process.'));
      }, timeoutMs);
      this.#waiting.set(id, ({ value }) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (value === undefined) reject(new Error('The other process could not answer.'));
        else resolve(value as T);
      });
      send(id);
    });
  }

  answered(answer: Answer): void {
    this.#waiting.get(answer.id)?.(answer);
  }
}

/** No value: what was asked for went wrong. */
export interface Answer {
  readonly kind: 'answer';
  readonly id: number;
  readonly value?: unknown;
}

/** Answers, whatever comes of it. */
export async function answer(
  id: number,
  work: () => unknown,
  send: ((answer: Answer) => void) | undefined,
): Promise<void> {
  const value = await Promise.resolve()
    .then(work)
    .catch(() => undefined);
  send?.({ kind: 'answer', id, value });
}
