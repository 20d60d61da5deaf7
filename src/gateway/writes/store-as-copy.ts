// Stores what points to objects on other clusters, once this gateway has looked at those as the client: as container sync brings such an
// object, for then Swift does not look again. Dated now, so that nothing older takes its place.
import { createHash } from 'node:crypto';
import { HeaderList } from '../../http/headers.js';
import { swiftTarget } from '../../swift/path.js';
import { formatTimestamp } from '../../swift/timestamp.js';
import { syncProof } from '../../site/sync-proof.js';
import { textAnswer } from '../answer.js';
import type { ObjectName } from '../reads/pointer.js';
import { rightsFor } from '../site.js';
import type { OutgoingResponse } from '../station.js';
import { abandon } from './object-write.js';
import { send, type Holders } from './write-elsewhere.js';
import type { Writing } from './writing.js';

const TICKS_PER_MS = 100n;
/** What of a client's headers makes an object: nothing else goes along, as no rights of the client's are asked. */
const KEPT =
  /^(content-(type|encoding|disposition|language)|cache-control|expires|x-robots-tag|x-delete-(at|after)|if-none-match|x-object-meta-.+)$/i;

export interface Verified {
  readonly name: ObjectName;
  /** A client's. */
  readonly headers: HeaderList;
  /** What makes it a pointer. */
  readonly kind: HeaderList;
  readonly body: Buffer;
}

/**
 * @param holders where it goes; undefined: here
 * @throws AutosyncError of the local Swift; a retry may help
 */
export async function storeAsCopy(
  writing: Writing,
  { name, headers: given, kind, body }: Verified,
  holders: Holders | undefined,
): Promise<OutgoingResponse> {
  const { site, exchange } = writing;
  const method = 'PUT';
  const target = swiftTarget(name.account, name.container, name.object);
  const timestamp = formatTimestamp(BigInt(site.now()) * TICKS_PER_MS);
  const headers = HeaderList.from([...given].filter(([header]) => KEPT.test(header)));
  headers.raw.push(...kind.raw, 'ETag', createHash('md5').update(body).digest('hex'));
  if (holders !== undefined) {
    headers.add('X-Timestamp', timestamp);
    const write = { method, body, expectsContinue: false } as const;
    return honest(writing, await send(site, exchange, holders, write, { target, headers }));
  }
  const known = await site.containerKeys.get(name, rightsFor(site, exchange));
  const proof = known && syncProof(site, { method, target, timestamp }, known.key);
  if (proof === undefined)
    return textAnswer(
      exchange,
      409,
      'What it points to is on other clusters, and this container takes no part in container sync.',
    );
  headers.raw.push(...proof.raw);
  return honest(writing, await writing.doHere({ ...writing.write(name, { headers, body }), method }));
}

/** To container sync Swift says 202 where it keeps what is newer. */
function honest({ exchange }: Writing, answer: OutgoingResponse): OutgoingResponse {
  if (answer.status !== 202) return answer;
  abandon(answer.body);
  return textAnswer(exchange, 409, 'There is a newer object.');
}
