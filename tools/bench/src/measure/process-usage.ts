import { readFileSync } from 'node:fs';

/** What a process has used so far, threads and ended children that were waited for not counted in. */
export interface ProcessUsage {
  /** User and system time, microseconds. */
  cpuUs: number;
  /** The part of it spent in the kernel. */
  systemUs: number;
  rssBytes: number;
}

/** What all processors have done since the start of the machine, microseconds. */
export interface MachineUsage {
  /** Time not idle, in whatever process, kernel and interrupts included. */
  busyUs: number;
  /** Time that the hypervisor gave to others. */
  stolenUs: number;
}

// USER_HZ, the unit of /proc, is 100 on every architecture that Node runs on.
const TICK_US = 10_000;
const PAGE_BYTES = 4_096;

/** Reads /proc/<pid>/stat; undefined where there is none, as on macOS, or no such process. */
export function processUsage(pid: number): ProcessUsage | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseProcessStat(text);
}

/** Reads the first line of /proc/stat; undefined where there is none. */
export function machineUsage(): MachineUsage | undefined {
  const text = read('/proc/stat');
  return text === undefined ? undefined : parseMachineStat(text);
}

/** The content of /proc/<pid>/stat, proc(5): fields 14 utime, 15 stime, 24 rss in pages. */
export function parseProcessStat(text: string): ProcessUsage {
  // Field 2 is the name of the program in parentheses; it may hold blanks and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  const [user, system, pages] = [field(14), field(15), field(24)];
  return { cpuUs: (user + system) * TICK_US, systemUs: system * TICK_US, rssBytes: pages * PAGE_BYTES };
}

/** The content of /proc/stat, proc(5): user nice system idle iowait irq softirq steal, guest being part of user. */
export function parseMachineStat(text: string): MachineUsage {
  const line = text.slice(0, text.indexOf('\n'));
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { busyUs: (user + nice + system + irq + softirq) * TICK_US, stolenUs: steal * TICK_US };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
