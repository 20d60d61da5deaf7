// The table of everything that can go wrong, one stable code per cause. Knows nothing of where errors are thrown.

interface ErrorKind {
  /** What happened, in one sentence without its particulars. */
  readonly message: string;
  /** The HTTP status of an answer made for it. */
  readonly status: number;
  /** The exit code of a command that ends with it: 1 found something, 2 usage, 3 could not. */
  readonly exitCode: 1 | 2 | 3;
  /** Whether the same request or command may succeed later, unchanged. */
  readonly isRetryable: boolean;
  /** What to try. */
  readonly hint: string;
}

export const ERRORS = {
  BAD_REQUEST: {
    message: 'The request is not well-formed HTTP/1.1, or could be read in two ways.',
    status: 400,
    exitCode: 2,
    isRetryable: false,
    hint: 'Send one framing (Content-Length or chunked), CRLF line ends and no folded header lines.',
  },
  UNKNOWN_CODING: {
    message: 'The request body has more codings than chunked.',
    status: 501,
    exitCode: 2,
    isRetryable: false,
    hint: 'Send the body with Transfer-Encoding: chunked alone, or with a Content-Length.',
  },
  HEADERS_TOO_LARGE: {
    message: 'The request line and headers are larger than the gateway accepts.',
    status: 431,
    exitCode: 2,
    isRetryable: false,
    hint: 'Send fewer or shorter headers, or raise max_header_size.',
  },
  REQUEST_TIMEOUT: {
    message: 'The client did not finish its request in time.',
    status: 408,
    exitCode: 3,
    isRetryable: true,
    hint: 'Send the request again; slow clients may need a larger header_timeout or client_timeout.',
  },
  UPSTREAM_DOWN: {
    message: 'No proxy server of the local Swift cluster can be reached.',
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: 'Check that the Swift proxy servers named in [app:proxy] upstream are running.',
  },
  UPSTREAM_BROKEN: {
    message: 'The local Swift proxy broke off before it answered.',
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: 'Look into the Swift proxy log; send the request again.',
  },
  UPSTREAM_TIMEOUT: {
    message: 'The local Swift proxy did not answer in time.',
    status: 504,
    exitCode: 3,
    isRetryable: true,
    hint: 'Look into the Swift proxy log, or raise response_timeout.',
  },
  CONNECTION_FAILED: {
    message: 'A server could not be reached.',
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: 'Check address, port and firewall.',
  },
  TIMEOUT: {
    message: 'A server did not answer in time.',
    status: 504,
    exitCode: 3,
    isRetryable: true,
    hint: 'Check that the server is well; raise the time limit if it is only slow.',
  },
  TOO_BUSY: {
    message: 'The gateway has too much of this kind to do at the moment.',
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: 'Try again in a moment, with a Content-Length, or with fewer names in one request.',
  },
  BAD_ANSWER: {
    message: 'A server sent something that is not HTTP.',
    status: 502,
    exitCode: 3,
    isRetryable: false,
    hint: 'Check that the address is that of the right server.',
  },
  LISTEN_FAILED: {
    message: 'The gateway cannot listen.',
    status: 500,
    exitCode: 3,
    isRetryable: true,
    hint: 'Free the port, or choose another with bind_ip and bind_port.',
  },
  MODULE_FAILED: {
    message: 'A module named in the pipeline cannot be used.',
    status: 500,
    exitCode: 2,
    isRetryable: false,
    hint: 'It must be an ES module that exports filterFactory (or appFactory where it stands last): docs/placement-engines.md.',
  },
  CONFIG_INVALID: {
    message: 'The configuration cannot be used as it stands.',
    status: 500,
    exitCode: 2,
    isRetryable: false,
    hint: 'Mend the lines named; etc/autosync.conf-sample shows every option.',
  },
  CONFIG_UNREADABLE: {
    message: 'The configuration cannot be read.',
    status: 500,
    exitCode: 3,
    isRetryable: false,
    hint: 'Copy etc/autosync.conf-sample there or name another file, and let this user read it.',
  },
  BODY_TOO_LARGE: {
    message: 'A body is larger than it may be.',
    status: 413,
    exitCode: 3,
    isRetryable: false,
    hint: 'Send a smaller body.',
  },
  SERVICE_AUTH_FAILED: {
    message: "The service user's token could not be had.",
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: 'Check auth_url, user and password in [service].',
  },
  CLOCK_SKEW: {
    message: 'The clocks of two clusters differ by more than max_clock_skew.',
    status: 409,
    exitCode: 3,
    isRetryable: true,
    hint: 'Set the clocks right (NTP) on the gateway hosts of both clusters.',
  },
  RECORD_INVALID: {
    message: 'A record of an account or container cannot be read.',
    status: 400,
    exitCode: 3,
    isRetryable: false,
    hint: 'Run the newest version of autosync on every host; older ones cannot read the records of newer formats.',
  },
  SWIFT_REFUSED: {
    message: 'The local Swift refused a request of the service user.',
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: 'Check that the user of [service] is a reseller admin (TempAuth .reseller_admin, Keystone ResellerAdmin).',
  },
  SEGMENT_REFUSED: {
    message: 'A segment of a large object cannot be read, or is not what it was.',
    status: 409,
    exitCode: 1,
    isRetryable: true,
    hint: 'Where its segments are still on their way, the next request finds them; else upload the object again.',
  },
  PEER_UNREACHABLE: {
    message: "A peer's gateway does not answer as it should.",
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: 'Run `autosync check` here and there: it names what is wrong between the two.',
  },
  RECORDS_UNAVAILABLE: {
    message: 'The records cannot be read or written.',
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: "Check that the service user of [service] can write to its own account, and the local Swift's health.",
  },
  NOT_RECORDED: {
    message: 'There is no record of this container: no gateway made it, and nobody adopted it.',
    status: 404,
    exitCode: 2,
    isRetryable: false,
    hint: 'Check the spelling (a name is written as it is, not percent-encoded), or take it over: `autosync adopt ACCOUNT`.',
  },
  PAUSED: {
    message: "This cluster's daemon is told to change nothing.",
    status: 503,
    exitCode: 3,
    isRetryable: true,
    hint: '`autosync resume` lets it go on.',
  },
  SECRETS_UNREADABLE: {
    message: "The realm's secret file cannot be read.",
    status: 503,
    exitCode: 3,
    isRetryable: false,
    hint: 'Make it once with `autosync secrets new --file FILE` and copy that file to every cluster; the gateway user must own it.',
  },
  SECRETS_EXPOSED: {
    message: "The realm's secret file can be read or changed by more than its owner.",
    status: 503,
    exitCode: 3,
    isRetryable: false,
    hint: 'Run `chmod 600` on the file; if others could have read it, run `autosync secrets rotate` as well.',
  },
  SECRETS_INVALID: {
    message: "The realm's secret file is not in its format.",
    status: 503,
    exitCode: 3,
    isRetryable: false,
    hint: 'Copy the file again, byte for byte, from a cluster where it works.',
  },
  SECRETS_EXIST: {
    message: 'There is a file of that name already; secrets are never overwritten.',
    status: 409,
    exitCode: 3,
    isRetryable: false,
    hint: 'Use `autosync secrets rotate --file FILE` for a new generation, or name another file.',
  },
  SECRETS_UNWRITABLE: {
    message: "The realm's secret file cannot be written.",
    status: 503,
    exitCode: 3,
    isRetryable: false,
    hint: 'Check that the folder exists, may be written to and has room.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class of the program. `code` names the cause, `detail` the particulars; never put keys or tokens in it. */
export class AutosyncError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;

  constructor(code: ErrorCode, detail = '', options?: ErrorOptions) {
    super(detail === '' ? ERRORS[code].message : `${ERRORS[code].message} ${detail}`, options);
    this.name = 'AutosyncError';
    this.code = code;
    this.detail = detail;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}
