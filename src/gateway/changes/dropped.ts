// Which of the settings that a request names Swift dropped without a word, because only owners may set them; and which it surely took.
import { HeaderList } from '../../http/headers.js';
import type { ContainerState } from '../../swift/container-state.js';
import { swiftTarget } from '../../swift/path.js';
import { headerKey, isSetting } from '../../swift/settings.js';
import { isSuccess } from '../../swift/swift-client.js';
import type { Site } from '../site.js';
import type { ContainerName } from '../../site/site.js';
import { proofsOf } from './permission.js';

/** Swift's `swift_owner_headers` (proxy/server.py), as far as they are settings. */
const OWNERS_ONLY = new Set([
  'x-container-read',
  'x-container-write',
  'x-container-meta-temp-url-key',
  'x-container-meta-temp-url-key-2',
]);

/** Swift shows them to owners only, and autosync sets them on nearly every container. */
const SHOWN_TO_OWNERS = ['x-container-sync-key', 'x-container-sync-to'];

export interface Taken {
  /** Those named whose new value was not dropped. */
  readonly named: readonly string[];
  /** What Swift took of it, whatever it holds now. */
  readonly sent: ReadonlyMap<string, string>;
}

/**
 * Without what was dropped: else an older value of this cluster would go to the peers as if the client had set it. Removals are not dropped by
 * Swift, whoever asks for them. An owner's own was not dropped either: where Swift holds something else, another change came between.
 *
 * @param state what Swift holds after the request
 */
export async function takenBySwift(
  site: Site,
  request: { readonly headers: HeaderList },
  name: ContainerName,
  named: readonly string[],
  state: ContainerState,
): Promise<Taken> {
  const sure = surelySet(request.headers);
  const sent = sentValues(request.headers);
  const doubtful = named.filter((header) => {
    const value = sent.get(header);
    return value !== undefined && value !== state.settings.get(header);
  });
  if (doubtful.length === 0) return { named, sent: sure };
  const isShowing = state.syncKey !== undefined || doubtful.some((header) => state.settings.has(header));
  const isOwner = isShowing && (await isShownAs(site, request, name, [...doubtful, ...SHOWN_TO_OWNERS]));
  if (!isOwner) return { named: named.filter((header) => !doubtful.includes(header)), sent: sure };
  const own = [...sent].filter(([header, value]) => doubtful.includes(header) && isAsStored(header, value));
  return { named, sent: new Map([...sure, ...own]) };
}

/** Whether Swift keeps it as it was sent: ACLs in other words it rewrites (middleware/acl.py, clean_acl). */
function isAsStored(header: string, value: string): boolean {
  if (header !== 'x-container-read' && header !== 'x-container-write') return true;
  return value.split(',').every((part) => /^(\.rlistings|\.r:-?(\*|[^\s*,]+)|[^\s.,]\S*)$/.test(part));
}

/** What Swift took, as it did what was asked: metadata as it was sent, and removals. Nothing of what is named twice. */
function surelySet(headers: HeaderList): Map<string, string> {
  const taken = new Map<string, string>();
  const twice = new Set<string>();
  for (const [header, value] of headers) {
    const sent = headerKey(header);
    const key = sent.replace(/^x-remove-/, 'x-');
    const is = key === sent ? value.trim() : '';
    if (!isSetting('container', key) || (OWNERS_ONLY.has(key) && is !== '')) continue;
    if (taken.has(key)) twice.add(key);
    if (is === '' || key.startsWith('x-container-meta-')) taken.set(key, is);
  }
  for (const key of twice) taken.delete(key);
  return taken;
}

/** The values of owners' headers that the request sets to something. */
function sentValues(headers: HeaderList): Map<string, string> {
  const sent = new Map<string, string>();
  for (const [header, value] of headers) {
    const key = headerKey(header);
    if (OWNERS_ONLY.has(key) && value.trim() !== '') sent.set(key, value.trim());
  }
  return sent;
}

/** Whether Swift shows one of the headers, which only owners see, to the client itself. */
async function isShownAs(
  site: Site,
  request: { readonly headers: HeaderList },
  name: ContainerName,
  headers: readonly string[],
): Promise<boolean> {
  const answer = await site.swift.request(
    { kind: 'token', token: undefined },
    { method: 'HEAD', target: swiftTarget(name.account, name.container), headers: proofsOf(request.headers) },
  );
  return isSuccess(answer.status) && headers.some((header) => answer.headers.has(header));
}
