// Answers the HEAD by which container sync asks whether an object has to be copied, where clusters are named by URL. Swift itself
// lets X-Container-Sync-Key in for PUT and DELETE only (proxy/controllers/obj.py sets swift_sync_key nowhere else), and refuses
// the daemon's HEAD with 401 unless everyone may read the container: full-URL sync would never copy a private one.
import { HeaderList } from '../../http/headers.js';
import { probeObject } from '../../sync/probe.js';
import { textAnswer } from '../answer.js';
import type { Site } from '../site.js';
import type { Exchange, OutgoingResponse } from '../station.js';

/**
 * The daemon compares dates only, and a probe with the same key and date answers just that: 200 with its own date where this
 * cluster has something as new, a deletion included; 404 where the object is wanted; 401 for another key or no container.
 */
export async function answerSyncHead(
  site: Site,
  exchange: Exchange,
  proof: { readonly timestamp: string; readonly key: string },
): Promise<OutgoingResponse> {
  const headers = HeaderList.from({ 'X-Timestamp': proof.timestamp, 'X-Container-Sync-Key': proof.key });
  switch (await probeObject(site.transport, exchange.request.target, headers)) {
    case 'never-here':
      return textAnswer(exchange, 404, 'Not here.');
    case 'unknown':
      return textAnswer(exchange, 401, 'Container sync refused: another key, or no such container.');
    case 'newer-here':
      return {
        status: 200,
        reason: 'OK',
        headers: HeaderList.from({
          'X-Timestamp': proof.timestamp,
          'Content-Length': '0',
          'X-Trans-Id': exchange.id,
          'Date': new Date().toUTCString(),
        }),
        body: undefined,
      };
  }
}
