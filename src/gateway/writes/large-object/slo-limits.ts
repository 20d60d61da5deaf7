// How large a manifest the local Swift takes, as its /info says. Knows nothing of what is in one.
import { ShortMemory } from '../../../lib/short-memory.js';
import { isSuccess } from '../../../swift/swift-client.js';
import type { Site } from '../../site.js';
import { MAX_MANIFEST_BYTES } from './slo-manifest.js';

export interface SloLimits {
  /** Never more than `MAX_MANIFEST_BYTES`: it is kept in memory. */
  readonly maxBytes: number;
  readonly maxSegments: number;
}

const MAX_SEGMENTS = 1_000;
const FRESH_MS = 60_000;

const memories = new WeakMap<Site, ShortMemory<Promise<SloLimits>>>();

/** @throws AutosyncError of the local Swift; a retry may help */
export function sloLimits(site: Site): Promise<SloLimits> {
  const memory = memories.get(site) ?? new ShortMemory(FRESH_MS);
  memories.set(site, memory);
  const known = memory.get('');
  if (known !== undefined) return known;
  const limits = ask(site);
  memory.set('', limits);
  limits.catch(() => memory.drop(''));
  return limits;
}

async function ask(site: Site): Promise<SloLimits> {
  const nobody = { kind: 'token', token: undefined } as const;
  const { status, body } = await site.swift.request(nobody, { method: 'GET', target: '/info' });
  const info = isSuccess(status) ? (JSON.parse(body.toString('utf8')) as Info) : {};
  return {
    maxBytes: Math.min(info.slo?.max_manifest_size ?? MAX_MANIFEST_BYTES, MAX_MANIFEST_BYTES),
    maxSegments: info.slo?.max_manifest_segments ?? MAX_SEGMENTS,
  };
}

interface Info {
  readonly slo?: { readonly max_manifest_size?: number; readonly max_manifest_segments?: number };
}
