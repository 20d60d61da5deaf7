// This cluster's Swift proxies, least busy first, as [app:proxy] names them.
import type { ProxyConfig } from '../config/config.js';
import { Balancer } from '../http/balancer.js';
import type { Deadlines } from '../http/deadline.js';
import type { Logger } from '../lib/logger.js';

export function balanceSwift(config: ProxyConfig, deadlines: Deadlines, log: Logger): Balancer {
  return new Balancer(
    config.upstream,
    {
      connectTimeoutMs: config.connectTimeoutMs,
      silenceMs: config.responseTimeoutMs,
      idleMs: config.idleTimeoutMs,
      maxIdle: config.maxIdleConnections,
      ejectAfter: config.ejectAfter,
      ejectMs: config.ejectTimeMs,
    },
    deadlines,
    (server, isUp) =>
      isUp
        ? log.info({ server }, 'Swift proxy is back')
        : log.warn({ server }, 'Swift proxy is left out: it fails'),
  );
}
