// Takes over what writers had that are no more: hosts come and go, and each writer costs every read of a record one request.
import type { Keeper } from './keeper.js';
import {
  accountsPrefix,
  containersPrefix,
  parseRecordObject,
  recordObject,
  WRITERS_PREFIX,
} from './names.js';
import { renderRecord, type RecordName } from './record.js';

/** Objects at a time: they have to wait together. */
const BATCH = 1_000;
/** Longer than a read of all writers' objects takes. */
const READ_MS = 60_000;
/** The realm's record. */
const REALM: RecordName = { account: '' };

/**
 * Whoever reads a record finds all of it at each moment: first this process has what the other wrote, then the other's is removed.
 *
 * @param sleep false: not to go on
 * @returns how many objects were taken over
 * @throws AutosyncError RECORDS_UNAVAILABLE; the next time goes on
 */
export async function foldGone(keeper: Keeper, sleep: (ms: number) => Promise<boolean>): Promise<number> {
  let folded = 0;
  for (const writer of await keeper.goneWriters()) {
    let objects = 0;
    for await (const batch of batches(keeper, writer)) {
      objects += batch.length;
      const taken: (Buffer | undefined)[] = [];
      for (const name of batch) taken.push(await takeOver(keeper, writer, name));
      if (!(await sleep(READ_MS))) return folded;
      for (const [i, name] of batch.entries()) {
        // Nobody should have written there since; if somebody did, it is for the next time.
        const now = await keeper.readOf(writer, name);
        const isSame = now === undefined || taken[i]?.equals(renderRecord(now)) === true;
        if (isSame) await keeper.store.delete(recordObject(writer, name));
      }
    }
    // A listing may have lagged: the name goes once it was found to have nothing.
    if (objects === 0) await keeper.store.delete(WRITERS_PREFIX + writer);
    folded += objects;
  }
  return folded;
}

async function takeOver(keeper: Keeper, writer: string, name: RecordName): Promise<Buffer | undefined> {
  const record = await keeper.readOf(writer, name);
  if (record === undefined) return undefined;
  await keeper.add(name, record);
  return renderRecord(record);
}

async function* batches({ store }: Keeper, writer: string): AsyncGenerator<readonly RecordName[]> {
  let batch: RecordName[] = [];
  for (const prefix of [containersPrefix(writer), accountsPrefix(writer), recordObject(writer, REALM)]) {
    for await (const row of store.list(prefix)) {
      const name = parseRecordObject(row.name);
      if (name === undefined || recordObject(writer, name) !== row.name) continue;
      if (batch.push(name) < BATCH) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
