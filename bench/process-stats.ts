// What the kernel knows of processes: CPU time, memory, bytes written, socket buffers. Reads /proc only.
import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;
const PAGE_BYTES = 4096;

/** CPU time used so far by the process's threads, in ms; those of a process that is gone count as 0. */
export function cpuMs(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => sum + threadCpuMs(`/proc/${pid}/task/${thread}`), 0);
  } catch {
    return 0;
  }
}

/** Nanoseconds where the kernel counts them (schedstat), else ticks of 10 ms. */
function threadCpuMs(folder: string): number {
  try {
    const [ns] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ');
    return Number(ns) / 1e6;
  } catch {
    const text = readFileSync(`${folder}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }
}

/** Memory the process has in use now, in MB. */
export function residentMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? NaN) / 1024;
}

/** The most memory that the process ever had in use, in MB. */
export function peakResidentMb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? NaN) / 1024;
}

/** All bytes the process has given to write calls so far. */
export function bytesWritten(pid: number): number {
  return Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? NaN);
}

/** What all TCP sockets of the machine hold in buffers now, in MB. */
export function socketBuffersMb(): number {
  const pages = /^TCP: .* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))?.[1];
  return (Number(pages ?? NaN) * PAGE_BYTES) / 1024 ** 2;
}

/** The processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
