// Ends this process when the npm that started it is gone, killed or not. Plain Node, no dependency.
import { readFileSync } from 'node:fs';

const LOOK_MS = 250;
const MAX_ANCESTORS = 3;

/**
 * npm starts a script through a shell, which may stay in between: so all processes up to npm are watched. Children
 * started by us have the kernel's word that they end when we do; between npm and us nobody gives it.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const watched = ancestors();
  const timer = setInterval(() => {
    if (watched.every(({ pid, started }) => statOf(pid)?.started === started)) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_MS);
  timer.unref();
}

/** From the parent up to npm; only the parent where npm cannot be made out. */
function ancestors() {
  const found = [];
  let pid = process.ppid;
  while (found.length < MAX_ANCESTORS && pid > 1) {
    const stat = statOf(pid);
    if (stat === undefined) break;
    found.push({ pid, started: stat.started });
    if (/npm/.test(commandOf(pid))) return found;
    pid = stat.parent;
  }
  return found.slice(0, 1);
}

/** Parent and start time, which no later process of the same number shares. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : { parent: Number(fields[1]), started: fields[19] };
  } catch {
    return undefined;
  }
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
