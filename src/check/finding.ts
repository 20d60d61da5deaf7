// What `autosync check` finds: one line each, with its fix. Knows nothing of what is looked at.

/** `skipped`: could not be looked at, and why; it is nothing wrong. */
export type Severity = 'ok' | 'skipped' | 'warning' | 'error';

export interface Finding {
  readonly severity: Severity;
  /** Stable, for scripts: docs/reference/commands.md lists them. */
  readonly code: FindingCode;
  /** What was looked at: a file, a server, a peer. */
  readonly subject: string;
  readonly message: string;
  /** What to do; with warnings and errors. */
  readonly fix?: string;
}

/** Every code there is, and what it is about. A test ties docs/reference/commands.md to it. */
export const FINDING_CODES = {
  'configuration': 'the configuration file itself',
  'conf-exposed': 'who may read the configuration file, where it holds a password or key',
  'module': "the user's own modules named in the pipeline",
  'secrets': 'the secret file: there, private, well-formed, its generations',
  'realms-file': 'container-sync-realms.conf: there, well-formed, private',
  'realm': 'my realm and cluster in the realms file',
  'placement': 'whether every cluster of a placement is known',
  'swift-down': 'whether the Swift proxy answers',
  'swift-info': "the Swift proxy's /info",
  'swift-is-gateway': 'whether upstream is Swift, and not a gateway',
  'swift-realm': "Swift's own container_sync filter: realm, clusters, current",
  'swift-clock': "the Swift proxy's clock",
  'service-token': 'whether the service user gets a token',
  'service-rights': 'whether the service user is a reseller admin',
  'service-account': "the service user's own account",
  'gateway': "this cluster's gateway at the address that peers have of it",
  'peer-down': "whether the peer's gateway answers",
  'peer-not-gateway': 'whether that is a gateway, and not Swift',
  'peer-name': "whether it is that cluster's gateway",
  'peer-clock': "the clocks of the peer's gateway and of its Swift",
  'peer-secret': 'whether it takes our signature: the same secret file, realm and names',
  'peer-realm-key': 'whether its realm key is ours',
  'peer-settings': 'options that have to be equal on both sides',
  'policies': 'whether each storage policy of a peer has one here that stands for it',
  'full-url': 'what sync by full URLs needs and cannot be seen from here',
} as const;

export type FindingCode = keyof typeof FINDING_CODES;

/** Makes findings about one subject. */
export class About {
  readonly subject: string;

  constructor(subject: string) {
    this.subject = subject;
  }

  ok(code: FindingCode, message: string): Finding {
    return { severity: 'ok', code, subject: this.subject, message };
  }

  skipped(code: FindingCode, message: string): Finding {
    return { severity: 'skipped', code, subject: this.subject, message };
  }

  warning(code: FindingCode, message: string, fix: string): Finding {
    return { severity: 'warning', code, subject: this.subject, message, fix };
  }

  error(code: FindingCode, message: string, fix: string): Finding {
    return { severity: 'error', code, subject: this.subject, message, fix };
  }
}

/** Whether something has to be done. */
export function isWrong({ severity }: Finding): boolean {
  return severity === 'warning' || severity === 'error';
}
