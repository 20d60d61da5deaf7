// Work on one thing at a time, by the thing's name, in the order asked for. Knows nothing of the work.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Rejects as the work does; what comes after it takes its turn all the same. @param work is told whether it had to wait */
  async take<T>(key: string, work: (hasWaited: boolean) => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const begin = (): Promise<T> => work(before !== undefined);
    const turn = before === undefined ? begin() : before.then(begin, begin);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
