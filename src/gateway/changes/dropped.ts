// Which of the settings that a request names Swift dropped without a word, because only owners may set them.
import { HeaderList } from '../../http/headers.js';
import type { ContainerState } from '../../swift/container-state.js';
import { swiftTarget } from '../../swift/path.js';
import { headerKey } from '../../swift/settings.js';
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

/**
 * The names without those whose new value was dropped: else an older value of this cluster would go to the peers as if
 * the client had set it. Removals are not dropped by Swift, whoever asks for them.
 *
 * @param state what Swift holds after the request
 */
export async function withoutDropped(
  site: Site,
  request: { readonly headers: HeaderList },
  name: ContainerName,
  named: readonly string[],
  state: ContainerState,
): Promise<readonly string[]> {
  const sent = sentValues(request.headers);
  const doubtful = named.filter((header) => {
    const value = sent.get(header);
    return value !== undefined && value !== state.settings.get(header);
  });
  if (doubtful.length === 0) return named;
  const isOwner =
    doubtful.some((header) => state.settings.has(header)) && (await isShownAs(site, request, name, doubtful));
  return isOwner ? named : named.filter((header) => !doubtful.includes(header));
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
