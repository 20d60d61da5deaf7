// Ends process groups when this process has ended, however it did. Knows numbers only.
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Notes groups (`+ 12`, `- 12`) until its input ends, which the kernel sees to; then kills those left. */
const SCRIPT = `
while read -r what pid; do
  rest=
  for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done
  pids=$rest
  [ "$what" = - ] || pids="$pids $pid"
done
for p in $pids; do kill -s KILL -- "-$p"; done
`;

let input: Writable | undefined;

/**
 * A server started with PR_SET_PDEATHSIG ends with us, but not what it forks (Swift's workers, the updaters'
 * children): that flag is not inherited. So a shell of its own session waits for us to be gone.
 */
export function watchGroup(pid: number): void {
  input ??= startWatchdog();
  input.write(`+ ${pid}\n`);
}

/** The group has ended: its number may soon be another's. */
export function forgetGroup(pid: number): void {
  input?.write(`- ${pid}\n`);
}

function startWatchdog(): Writable {
  const child = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  (child.stdin as Writable & { unref?: () => void }).unref?.();
  return child.stdin;
}
