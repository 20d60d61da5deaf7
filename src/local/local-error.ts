// What keeps local clusters from running, with what to do about it. The server's own errors are in lib/errors.ts.

/** A failure of `start` on this machine. `hint` says what to do. */
export class LocalError extends Error {
  readonly hint: string;

  constructor(message: string, hint = '', options?: ErrorOptions) {
    super(hint === '' ? message : `${message} ${hint}`, options);
    this.name = 'LocalError';
    this.hint = hint;
  }
}
