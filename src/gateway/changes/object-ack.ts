// When a client's change of an object is answered: once it is done here, or once the peers have it (`object_ack`).
import { nobodyHeard, followUp } from './outcome.js';
import type { CopyJob } from '../../copy/job.js';
import { AutosyncError } from '../../lib/errors.js';
import { ShortMemory } from '../../lib/short-memory.js';
import { within } from '../../lib/within.js';
import { audienceFor, type ContainerName, type ObjectAck } from '../../site/site.js';
import { rightsFor, type Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

/** A container's own word. */
const SETTING = 'x-container-meta-autosync-object-ack';
/** How long it is believed. */
const FRESH_MS = 10_000;

const memories = new WeakMap<Site, ShortMemory<Promise<ObjectAck>>>();

/** How long a client is kept waiting for it. */
const PATIENCE_MS = 1_000;

/** The container's own word, or else that of the rules. Never rejects: who cannot be asked, or not soon, said nothing. */
export function objectAckFor(site: Site, exchange: Exchange, name: ContainerName): Promise<ObjectAck> {
  const memory = memories.get(site) ?? new ShortMemory(FRESH_MS);
  memories.set(site, memory);
  const key = `${name.account}/${name.container}`;
  const known = memory.get(key);
  if (known !== undefined) return known;
  const ack = within(ask(site, exchange, name), PATIENCE_MS, () => site.options.objectAck(name));
  memory.set(key, ack);
  return ack;
}

async function ask(
  site: Site,
  exchange: Exchange,
  { account, container }: ContainerName,
): Promise<ObjectAck> {
  const unsaid = site.options.objectAck({ account, container });
  try {
    const { state } = await site.swift.readContainer(rightsFor(site, exchange), account, container);
    const said = state?.settings.get(SETTING)?.toLowerCase();
    return said === 'all' || said === 'local' ? said : unsaid;
  } catch (error) {
    if (!(error instanceof AutosyncError)) throw error;
    return unsaid;
  }
}

/** Answers when every peer has what the client did here, or is in trouble, or `peer_timeout` is over. */
export function answerWhenCopied(
  site: Site,
  exchange: Exchange,
  response: OutgoingResponse,
  job: CopyJob,
): Promise<OutgoingResponse> {
  const audience = audienceFor(site, site.options.defaultPlacement(job));
  return followUp(site, exchange, response, audience, async () => {
    try {
      const outcomes = await site.copies.copy(job, site.options.peerTimeoutMs);
      return outcomes.map((outcome) => ({ ...outcome, status: undefined }));
    } catch {
      return nobodyHeard(audience, 'not known to be there after peer_timeout');
    }
  });
}
