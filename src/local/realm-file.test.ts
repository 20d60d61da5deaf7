import { mkdtempSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LOOPBACK } from './plan.js';
import { planRealm } from './realm-file.js';

it('plans the same cluster again, but for a port that somebody took', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'realm-'));
  const first = await planRealm(folder, 2, { firstPort: 25_000 });
  expect(await planRealm(folder, 2, { firstPort: 25_000 })).toEqual(first);
  expect(statSync(join(folder, 'realm.json')).mode & 0o777).toBe(0o600);

  const { ports, ...rest } = first.clusters[1]!;
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(ports.proxy, LOOPBACK, resolve));
  const again = (await planRealm(folder, 2, { firstPort: 25_000 })).clusters[1]!;
  squatter.close();
  expect(again).toMatchObject({ ...rest, ports: { ...ports, proxy: again.ports.proxy } });
  const all = [...Object.values(first.clusters[0]!.ports), ...Object.values(ports)];
  expect(all).not.toContain(again.ports.proxy);
});
