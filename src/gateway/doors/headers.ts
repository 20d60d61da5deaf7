// Which of a client's headers are not a client's to send. Looks at every request, so it looks once and briefly.
import type { HeaderList } from '../../http/headers.js';
import { headerKey } from '../../swift/settings.js';

export interface HeaderFindings {
  /** It claims to come from a peer's gateway. */
  readonly isPeer: boolean;
  /** It claims to come from a peer's container sync daemon: the realm form (`X-Container-Sync-Auth`). */
  readonly hasSyncAuth: boolean;
  /** `X-Container-Sync-Key`, with which the full-URL form proves itself, and owners set their own key. */
  readonly hasSyncKey: boolean;
  /** Something only we may send, or only owners: to be looked at. */
  readonly isSuspicious: boolean;
}

const NOTHING: HeaderFindings = { isPeer: false, hasSyncAuth: false, hasSyncKey: false, isSuspicious: false };
/** Every name of concern is `x-autosync-…`, `x-orig-cluster`, `x-container-sync-…` or `x-remove-container-sync-…`, in any spelling of `-`. */
const CONCERN = /^x[-_](?:autosync[-_]|orig[-_]cluster$|(?:remove[-_])?container[-_]sync[-_])/i;

/** What of the headers concerns us. */
export function inspectHeaders(headers: HeaderList): HeaderFindings {
  const raw = headers.raw;
  let findings = NOTHING;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (!CONCERN.test(name)) continue;
    const key = headerKey(name);
    findings = {
      isPeer: findings.isPeer || key === 'x-autosync-signature',
      hasSyncAuth: findings.hasSyncAuth || key === 'x-container-sync-auth',
      hasSyncKey: findings.hasSyncKey || key === 'x-container-sync-key',
      isSuspicious: true,
    };
  }
  return findings;
}

/** The few headers of ours that clients may send (docs/reference/headers.md). */
const FOR_CLIENTS = new Set(['x-autosync-cancel-delete', 'x-autosync-status']);

/** Takes off what only gateways send to each other. */
export function stripInternal(headers: HeaderList): void {
  headers.removeWhere((name) => {
    const key = headerKey(name);
    return key === 'x-orig-cluster' || (key.startsWith('x-autosync-') && !FOR_CLIENTS.has(key));
  });
}

/** Takes off container sync settings of a client's own, and says which. */
export function stripSyncSettings(headers: HeaderList): string[] {
  const stripped: string[] = [];
  headers.removeWhere((name) => {
    const key = headerKey(name).replace(/^x-remove-/, 'x-');
    const isSetting = key === 'x-container-sync-to' || key === 'x-container-sync-key';
    if (isSetting) stripped.push(name);
    return isSetting;
  });
  return stripped;
}

/** Takes off what Swift would date an object by, and the key that would let it in with that date. */
export function stripDates(headers: HeaderList, isObject: boolean): void {
  headers.removeWhere((name) => {
    const key = headerKey(name);
    return key === 'x-timestamp' || (isObject && key === 'x-container-sync-key');
  });
}
