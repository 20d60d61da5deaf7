// One child process that never outlives this one, with its log in a file. Knows nothing of what it runs.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { forgetGroup, watchGroup } from './watchdog.js';

/** What to run, and where its output goes. */
export interface ProcessSpec {
  /** How messages call it, as `one: proxy`. */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Both outputs are appended here. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Between the fork and setpriv the parent may die unseen: whoever finds another parent then does not start. */
const ONLY_UNDER_PARENT = '[ "$PPID" = "$0" ] && exec "$@"';
const STOP_MS = 3000;

/**
 * A child process in a session of its own (a terminal's Ctrl-C does not reach it). The kernel kills it when this
 * process ends, however that happens: PR_SET_PDEATHSIG, which also stays over Swift's drop_privileges as long as
 * the user is the current one. It counts for the starting *thread*, so start these from a main thread. What it
 * forked is killed as well, by `watchdog.ts`.
 */
export class ServerProcess {
  readonly spec: ProcessSpec;
  private child: ChildProcess | undefined;
  private exit: Promise<void> = Promise.resolve();
  private isAsked = true;
  /** Called when the process ends without having been stopped or killed from here. */
  onUnexpectedExit: (() => void) | undefined;

  constructor(spec: ProcessSpec) {
    this.spec = spec;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it; does nothing when it runs. */
  start(): void {
    if (this.isRunning) return;
    const { command, args, logFile, env } = this.spec;
    const log = openSync(logFile, 'a');
    const guarded = ['sh', '-c', ONLY_UNDER_PARENT, String(process.pid), command, ...args];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...guarded], {
      stdio: ['ignore', log, log],
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
      detached: true,
    });
    closeSync(log);
    this.child = child;
    this.isAsked = false;
    if (child.pid !== undefined) watchGroup(child.pid);
    this.exit = new Promise((resolve) => {
      const end = () => {
        endGroup(child.pid);
        if (!this.isAsked && this.child === child) this.onUnexpectedExit?.();
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
  }

  /** Waits for the process to end by itself; its exit code, `null` when a signal ended it. */
  async finished(): Promise<number | null> {
    this.isAsked = true;
    await this.exit;
    return this.child?.exitCode ?? null;
  }

  /** SIGTERM, and SIGKILL for it and whatever it forked when that takes over three seconds. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.isAsked = true;
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
    await this.exit;
    clearTimeout(timer);
  }

  /** SIGKILL for it and whatever it forked, as a power cut would. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.isAsked = true;
    this.signal('SIGKILL');
    await this.exit;
  }

  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void {
    this.signal('SIGSTOP');
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** The last lines of its log, for messages. */
  tail(lines = 12): string {
    const text = readFileSync(this.spec.logFile, 'utf8').trimEnd();
    return text.split('\n').slice(-lines).join('\n');
  }

  private signal(name: NodeJS.Signals): void {
    const pid = this.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      this.child?.kill(name); // before setsid there is no group of its own yet
    }
  }
}

/** Whatever the process forked and left behind. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing is left
  }
  forgetGroup(pid);
}
