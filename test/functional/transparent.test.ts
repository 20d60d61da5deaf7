// The differential test: a large generated set of requests gives through the gateway what it gives directly, byte for byte.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { anyRequest, CONTAINER, CONTENT, NAMES } from '../support/any-request.js';
import { Twins } from '../support/twins.js';

let twins: Twins;

beforeAll(async () => {
  twins = await Twins.make();
  await twins.same({ method: 'PUT', target: `/v1/{account}/${CONTAINER}` });
});

describe('any request', () => {
  it('gives through the gateway what it gives directly', { timeout: 300_000 }, async () => {
    for (const each of NAMES) {
      const target = `/v1/{account}/${CONTAINER}/${encodeURIComponent(each).replaceAll('%2F', '/')}`;
      expect((await twins.same({ method: 'PUT', target, body: CONTENT })).status).toBe(201);
    }
    const runs = Number(process.env['AUTOSYNC_TEST_RUNS'] ?? 400);
    await fc.assert(
      fc.asyncProperty(anyRequest, async (drawn) => {
        await twins.same(drawn);
      }),
      { numRuns: runs, endOnFailure: process.env['AUTOSYNC_TEST_SHRINK'] === undefined },
    );
  });
});
