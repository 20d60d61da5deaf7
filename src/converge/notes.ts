// Notes which peers are to be told again of a change, so that the daemon need not look for them.
import { pendingObject } from '../records/names.js';
import type { Record, RecordName } from '../records/record.js';
import { newestVersion } from '../records/register.js';
import type { BaseSite } from '../site/site.js';

/** Never rejects: what cannot be noted, the audit finds. @param outcomes what came of it at each peer, in words for people */
export async function notePending(
  site: BaseSite,
  name: RecordName,
  { desired }: Pick<Record, 'desired'>,
  outcomes: readonly { readonly cluster: string; readonly isDone: boolean; readonly detail: string }[],
): Promise<void> {
  const version = newestVersion(desired);
  const { records } = site;
  if (records === undefined || version === undefined) return;
  const notes = await Promise.allSettled(
    outcomes
      .filter(({ isDone }) => !isDone)
      .map(({ cluster, detail }) =>
        records.store.put(
          pendingObject(cluster, name, version),
          Buffer.from(detail),
          'text/plain; charset=UTF-8',
        ),
      ),
  );
  if (notes.some(({ status }) => status === 'rejected'))
    site.log.warn({ ...name }, 'pending peers could not be noted: the audit will find them');
}
