// Stores what points to objects on other clusters, once this gateway has looked at those as the client: here, or on a cluster that holds it.
import { createHash } from 'node:crypto';
import type { HeaderList } from '../../http/headers.js';
import { asVerified } from '../../peers/acts-as.js';
import { swiftTarget } from '../../swift/path.js';
import { ClientRights } from '../reads/client-rights.js';
import type { ObjectName } from '../reads/pointer.js';
import type { OutgoingResponse } from '../station.js';
import { cannotStore, unlessNewer } from './receive/verified.js';
import { withoutStray } from './stray-here.js';
import { metadataIn, proofToStore } from './verified-object.js';
import { send, type Holders } from './write-elsewhere.js';
import type { Writing } from './writing.js';

export interface Verified {
  readonly name: ObjectName;
  /** A client's. */
  readonly headers: HeaderList;
  /** What makes it a pointer. */
  readonly pointing: HeaderList;
  readonly body: Buffer;
}

/**
 * @param holders where it goes; undefined: here
 * @throws AutosyncError of the local Swift; a retry may help
 */
export async function putVerified(
  writing: Writing,
  { name, headers: given, pointing, body }: Verified,
  holders: Holders | undefined,
): Promise<OutgoingResponse> {
  const { site, exchange } = writing;
  // Swift looks at what an object points to before it asks who may write it: that it did the one says nothing of the other.
  const refusal = await new ClientRights(site, exchange).refusalOf('PUT', name);
  if (refusal !== undefined) return refusal;
  const headers = metadataIn(given);
  headers.raw.push(...pointing.raw, 'ETag', createHash('md5').update(body).digest('hex'));
  if (holders !== undefined) {
    const write = { method: 'PUT', body, expectsContinue: false } as const;
    const target = swiftTarget(name.account, name.container, name.object);
    return withoutStray(site, exchange, { method: 'PUT', name, headers }, () =>
      send(site, exchange, holders, write, { target, headers: asVerified(headers) }),
    );
  }
  const proof = await proofToStore(site, name);
  if (proof === undefined) return cannotStore(exchange);
  headers.raw.push(...proof.raw);
  return unlessNewer(exchange, await writing.doHere(writing.write(name, { headers, body })));
}
