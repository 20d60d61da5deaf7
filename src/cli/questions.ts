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
      this.#waiting.set(id, ({ value, trouble }) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (trouble === undefined) resolve(value as T);
        else reject(new Error(trouble));
      });
      send(id);
    });
  }

  answered(answer: Answer): void {
    this.#waiting.get(answer.id)?.(answer);
  }
}

export interface Answer {
  readonly kind: 'answer';
  readonly id: number;
  readonly value?: unknown;
  /** What went wrong; then there is no value. */
  readonly trouble?: string;
}

/** Answers, whatever comes of it. */
export async function answer(
  id: number,
  work: () => unknown,
  send: ((answer: Answer) => void) | undefined,
): Promise<void> {
  const said = await Promise.resolve()
    .then(work)
    .then(
      (value) => ({ value }),
      (error: unknown) => ({ trouble: (error as Error).message }),
    );
  send?.({ kind: 'answer', id, ...said });
}
