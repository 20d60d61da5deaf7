// The filter that makes several clusters one: it tells peers' requests from clients', and changes of accounts and containers
// from everything else, which goes straight on.
import { changeAccount, deleteAccount } from '../changes/account-change.js';
import { bulkKind } from '../changes/bulk.js';
import { changeContainer } from '../changes/container-change.js';
import { deleteContainer } from '../changes/container-delete.js';
import { isForm } from '../changes/form.js';
import { addObjectStatus, asksForStatus } from '../changes/object-status.js';
import { admitContainerSync } from '../doors/container-sync-door.js';
import { inspectHeaders, stripDates, stripInternal, stripSyncSettings } from '../doors/headers.js';
import { admitPeer } from '../doors/peer-door.js';
import { AccountReads } from '../reads/account/account-reads.js';
import { ContainerReads } from '../reads/container/container-reads.js';
import { ObjectReads } from '../reads/object-reads.js';
import { Places } from '../reads/where.js';
import { ManyWrites } from '../writes/bulk/many-writes.js';
import { ObjectWrites } from '../writes/object-writes.js';
import type { OwnWay } from '../writes/receive/clients.js';
import { orWhileDown } from '../writes/write-while-down.js';
import { addInfoSection, isInfoRequest } from '../info.js';
import { answerReadiness, isReadinessCheck } from '../readiness.js';
import type { Site } from '../site.js';
import type { Exchange, Filter, Next, OutgoingResponse } from '../station.js';

export function autosync(site: Site, version: string): Filter {
  const places = new Places(site);
  const reads = new ObjectReads(site, places);
  const writes = new ObjectWrites(site, places, reads);
  const accounts = new AccountReads(reads);
  const containers = new ContainerReads(reads);
  const ofPeersClient: OwnWay = (exchange, next) => {
    const answer = (): Promise<OutgoingResponse> => change(site, many, exchange, next);
    return exchange.path.kind === 'container' && site.options.userSync === 'deny'
      ? withoutSyncSettings(exchange, answer)
      : answer();
  };
  const station: Filter = async (exchange, next) => {
    const { request, path } = exchange;
    const findings = inspectHeaders(request.headers);
    if (findings.isPeer) return admitPeer(site, exchange, next, ofPeersClient);
    if (findings.isSuspicious) stripInternal(request.headers);
    if (site.clusters.realmName === '') {
      const isFromSyncHost = site.options.isSyncHost(request.remoteAddress);
      if (isFromSyncHost && findings.hasSyncKey && path.kind === 'object')
        return admitContainerSync(site, exchange, next);
      // Swift's shunt for client-sent timestamps is off here: without this, any client could date its objects.
      stripDates(request.headers, path.kind === 'object');
    }
    if (path.kind === 'other') {
      if (isReadinessCheck(exchange)) return answerReadiness(site, exchange);
      if (!isInfoRequest(exchange)) return next();
      return addInfoSection(exchange, next, {
        version,
        cluster: site.clusters.mine,
        clusters: site.clusters.all(),
      });
    }
    if (!site.options.isAccountOurs(path.account)) return next();
    if (findings.hasSyncAuth) return admitContainerSync(site, exchange, next);
    if (path.kind === 'object') {
      if (bulkKind(request) !== undefined) return many.bulk(exchange, next, path);
      if (findings.isSuspicious && asksForStatus(exchange))
        return addObjectStatus(site, exchange, next, path);
      if (isForm(request)) return many.form(exchange, next, path);
      return isRead(request.method)
        ? reads.answer(exchange, next, path)
        : orWhileDown(site, places, exchange, next, (local) => writes.answer(exchange, local, path));
    }
    if (path.kind === 'account' && isRead(request.method))
      return accounts.answer(exchange, next, path.account);
    const answer = (): Promise<OutgoingResponse> =>
      path.kind === 'container' && isRead(request.method)
        ? containers.answer(exchange, next, path)
        : orWhileDown(site, places, exchange, next, (local) => change(site, many, exchange, local));
    if (path.kind !== 'container' || !findings.isSuspicious || site.options.userSync === 'allow')
      return answer();
    return withoutSyncSettings(exchange, answer);
  };
  const many = new ManyWrites(site, places, station);
  return station;
}

/** A client's own settings of container sync are taken off before, and it is told so. */
async function withoutSyncSettings(
  { request }: Exchange,
  answer: () => Promise<OutgoingResponse>,
): Promise<OutgoingResponse> {
  const dropped = stripSyncSettings(request.headers);
  const response = await answer();
  if (dropped.length > 0) {
    const warning = `${dropped.join(', ')} ignored: container sync is set up by the clusters (user_sync = deny)`;
    response.headers.add('X-Autosync-Warning', warning);
  }
  return response;
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

async function change(
  site: Site,
  many: ManyWrites,
  exchange: Exchange,
  next: Next,
): Promise<OutgoingResponse> {
  const { path } = exchange;
  const { method } = exchange.request;
  const isChange = method === 'PUT' || method === 'POST' || method === 'DELETE';
  if (!isChange || path.kind === 'other' || path.kind === 'object') return next();
  if (bulkKind(exchange.request) !== undefined) return many.bulk(exchange, next, path);
  if (isForm(exchange.request)) return path.kind === 'container' ? many.form(exchange, next, path) : next();
  if (path.account === (await site.ownAccount())) return next();
  if (path.kind === 'container') {
    return method === 'DELETE'
      ? deleteContainer(site, exchange, next, path)
      : changeContainer(site, exchange, next, path);
  }
  return method === 'DELETE'
    ? deleteAccount(site, exchange, next, path.account)
    : changeAccount(site, exchange, next, path.account);
}
