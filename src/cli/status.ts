// `autosync status`: whether all clusters agree, as far as this one was told, and when it last looked.
import { Command } from 'commander';
import { readStatus, type Status } from '../daemon/status.js';
import { REASONS } from '../lib/reasons.js';
import { DEFAULT_CONF, openSite, quietLog, readConfig } from './running.js';

const EXIT_FOUND = 1;

/** Exit 0 all agree, 1 something does not, or was not looked at lately, 3 could not be asked. */
export const statusCommand = new Command('status')
  .description('say whether all clusters agree: peers, what is pending, and what the last audit found')
  .option('--conf <file>', 'configuration file', DEFAULT_CONF)
  .option('--json', 'print one JSON document')
  .action(async ({ conf, json }: { readonly conf: string; readonly json?: true }) => {
    const config = readConfig(conf);
    const open = openSite(config, quietLog());
    try {
      const status = await readStatus(open.site, open.records, config.daemon.auditIntervalMs);
      console.log(json === true ? JSON.stringify(status, null, 2) : renderStatus(status));
      if (!status.isOk) process.exitCode = EXIT_FOUND;
    } finally {
      open.close();
    }
  });

function renderStatus(status: Status): string {
  const lines = [
    `${status.cluster}: ${status.isOk ? 'all clusters agree' : 'not all clusters agree'}${apartText(status)}`,
  ];
  for (const { name, isUp, detail, pending, oldestPendingSeconds, owed } of status.peers) {
    const behind =
      pending === 0
        ? 'nothing pending'
        : `${pending} pending, the oldest for ${Math.round(oldestPendingSeconds)} s`;
    lines.push(`  ${name}: ${isUp ? 'up' : `PEER_DOWN (${detail})`}, ${behind}${owedText(owed)}`);
  }
  const { audit } = status;
  if (audit === undefined) {
    lines.push('  audit: none yet. Start the daemon: autosync daemon');
    return lines.join('\n');
  }
  const age = Math.round(audit.ageSeconds);
  const stale = audit.isStale ? ' TOO LONG AGO: does the daemon run?' : '';
  lines.push(
    `  audit: ${age} s ago, ${plural(audit.containers, 'container')}, ${audit.mended} mended, ${audit.unmended} not${stale}`,
  );
  if (audit.notAdopted > 0)
    lines.push(
      `  ${plural(audit.notAdopted, 'container')} from before autosync left alone: autosync adopt ACCOUNT`,
    );
  if (audit.brokenOff !== undefined) lines.push(`  the audit was broken off: ${audit.brokenOff}`);
  if (audit.unreachable.length > 0) lines.push(`  not audited: ${audit.unreachable.join(', ')}`);
  for (const { code, count } of [...audit.reasons, ...audit.apart])
    lines.push(`  ${code} × ${count}: ${REASONS[code].meaning} ${REASONS[code].next}`);
  return lines.join('\n');
}

function apartText({ audit }: Status): string {
  const apart = audit?.apart.reduce((sum, { count }) => sum + count, 0) ?? 0;
  return apart === 0 ? '' : `, except ${plural(apart, 'container')} kept apart`;
}

function owedText(owed: number | undefined): string {
  if (owed === undefined) return '';
  return owed === 0 ? '' : `, ${plural(owed, 'change')} on the way from there`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
