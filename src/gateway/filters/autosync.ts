// The filter that makes several clusters one: it tells peers' requests from clients', and changes of accounts and containers
// from everything else, which goes straight on.
import { queryParameter } from '../../swift/path.js';
import { changeAccount, deleteAccount } from '../changes/account-change.js';
import { changeContainer } from '../changes/container-change.js';
import { deleteContainer } from '../changes/container-delete.js';
import { admitContainerSync } from '../doors/container-sync-door.js';
import { inspectHeaders, stripInternal, stripSyncSettings, type HeaderFindings } from '../doors/headers.js';
import { admitPeer } from '../doors/peer-door.js';
import { addInfoSection, isInfoRequest } from '../info.js';
import type { Site } from '../site.js';
import type { Exchange, Filter, Next, OutgoingResponse } from '../station.js';

export function autosync(site: Site, version: string): Filter {
  return async (exchange, next) => {
    const { request, path } = exchange;
    const findings = inspectHeaders(request.headers);
    if (findings.isPeer) return admitPeer(site, exchange, next);
    if (findings.isSuspicious) stripInternal(request.headers);
    if (path.kind === 'other') {
      if (!isInfoRequest(exchange)) return next();
      return addInfoSection(exchange, next, {
        version,
        cluster: site.clusters.mine,
        clusters: site.clusters.all(),
      });
    }
    const isByUrl = site.clusters.realmName === '';
    if (isByUrl && !site.options.isSyncHost(request.remoteAddress)) {
      // Swift's shunt for client-sent timestamps is off here: without this, any client could date its objects.
      request.headers.removeWhere((name) => name === 'x-timestamp' || name === 'x_timestamp');
      if (path.kind === 'object')
        request.headers.removeWhere((name) => /^x[-_]container[-_]sync[-_]key$/.test(name));
    } else if (isByUrl && findings.hasSyncKey && path.kind === 'object') {
      return admitContainerSync(site, exchange, next);
    }
    if (!site.options.isAccountOurs(path.account)) return next();
    if (findings.hasSyncAuth) return admitContainerSync(site, exchange, next);
    if (path.kind === 'object') return next();
    return change(site, exchange, next, findings);
  };
}

async function change(
  site: Site,
  exchange: Exchange,
  next: Next,
  findings: HeaderFindings,
): Promise<OutgoingResponse> {
  const { request, path } = exchange;
  const { method } = request;
  const isChange = method === 'PUT' || method === 'POST' || method === 'DELETE';
  if (!isChange || path.kind === 'other' || path.kind === 'object' || isSomethingElse(exchange))
    return next();
  if (path.account === (await site.ownAccount())) return next();
  exchange.outlivesClient = true;
  if (path.kind === 'account') {
    return method === 'DELETE'
      ? deleteAccount(site, exchange, next, path.account)
      : changeAccount(site, exchange, next, path.account);
  }
  if (method === 'DELETE') return deleteContainer(site, exchange, next, path);
  const dropped =
    findings.isSuspicious && site.options.userSync === 'deny' ? stripSyncSettings(request.headers) : [];
  const response = await changeContainer(site, exchange, next, path);
  if (dropped.length > 0) {
    const warning = `${dropped.join(', ')} ignored: container sync is set up by the clusters (user_sync = deny)`;
    response.headers.add('X-Autosync-Warning', warning);
  }
  return response;
}

/** Requests on an account's or container's path that change objects: archives, bulk deletes, form uploads. */
function isSomethingElse(exchange: Exchange): boolean {
  const { method, target, headers } = exchange.request;
  if (method === 'POST' && /^\s*multipart\/form-data\b/i.test(headers.get('content-type') ?? '')) return true;
  if (!target.includes('?')) return false;
  const isBulkDelete = method !== 'PUT' && queryParameter(target, 'bulk-delete') !== undefined;
  return isBulkDelete || (method === 'PUT' && queryParameter(target, 'extract-archive') !== undefined);
}
