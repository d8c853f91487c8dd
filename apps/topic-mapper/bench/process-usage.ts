import { readFileSync } from 'node:fs';
import type { Proc } from '@tributary/testing';

/** CPU time of a process of ours so far, in seconds. */
export async function cpuSeconds(proc: Proc): Promise<number> {
  const metrics = await (await proc.get('/metrics')).text();
  return [...metrics.matchAll(/^process_cpu_seconds_total\{.*\} (\S+)/gm)].reduce(
    (sum, [, s]) => sum + Number(s),
    0,
  );
}

/** Resident memory of a process, in bytes (Linux). */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) * 1024;
}
