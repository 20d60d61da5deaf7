// What one gateway answers, against what the cluster that has the object says itself.
import { expect } from 'vitest';
import type { Answer, SwiftSession } from './swift-client.js';

export const SERVED_BY = 'x-autosync-served-by';
/** Of one answer, not of the object. */
const OF_THE_ANSWER = new Set([
  ...['date', 'x-trans-id', 'x-openstack-request-id', 'connection', 'via'],
  SERVED_BY,
]);

const NONE: ReadonlySet<string> = new Set();

function ofTheObject({ status, headers, text }: Answer, ofTheCluster: ReadonlySet<string>): unknown {
  const kept = Object.entries(headers).filter(
    ([name]) => !OF_THE_ANSWER.has(name) && !ofTheCluster.has(name),
  );
  return { status, headers: Object.fromEntries(kept.sort()), text };
}

/**
 * Status, headers and bytes are the same through the gateway as straight from the Swift that has it.
 *
 * @param ofTheCluster headers that are each cluster's own, in small letters
 */
export async function expectAsThere(
  through: SwiftSession,
  straight: SwiftSession,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  ofTheCluster = NONE,
): Promise<Answer> {
  const [got, wanted] = await Promise.all([
    through.request(method, path, headers),
    straight.request(method, path, headers),
  ]);
  const what = `${method} ${path} ${JSON.stringify(headers)}`;
  expect(ofTheObject(got, ofTheCluster), what).toEqual(ofTheObject(wanted, ofTheCluster));
  return got;
}
