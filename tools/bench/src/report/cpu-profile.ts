import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WORKSPACE } from '@tributary/testing';
import { BenchError } from '../errors.ts';
import { BENCH_FOLDER } from './bench-folder.ts';

/** The part of V8's .cpuprofile that is read here. Times are microseconds of the monotonic clock. */
export interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

export interface SelfTime {
  /** Function and place in the source. */
  name: string;
  us: number;
  /** Of the time in which the process was not idle, 0 to 1. */
  share: number;
}

const IDLE = '(idle)';

/** @param name of the process, as reports call it */
export function profileFile(name: string): string {
  return join(BENCH_FOLDER, `${name}.cpuprofile`);
}

/** Options of Node that make a process leave a profile when it ends. */
export function profileFlags(name: string): string[] {
  mkdirSync(BENCH_FOLDER, { recursive: true });
  rmSync(profileFile(name), { force: true });
  return ['--cpu-prof', `--cpu-prof-dir=${BENCH_FOLDER}`, `--cpu-prof-name=${name}.cpuprofile`];
}

/** Errors: `profile`, if the process has left none. */
export function readProfile(name: string): CpuProfile {
  try {
    return JSON.parse(readFileSync(profileFile(name), 'utf8')) as CpuProfile;
  } catch (cause) {
    throw new BenchError('profile', `${name} left no profile in ${BENCH_FOLDER}`, { cause });
  }
}

/** The functions in which most time was spent between two moments of the monotonic clock, callees not counted in. */
export function topSelfTimes(profile: CpuProfile, fromUs: number, toUs: number, count: number): SelfTime[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  let at = profile.startTime;
  let busy = 0;
  profile.samples.forEach((node, i) => {
    const delta = profile.timeDeltas[i] ?? 0;
    at += delta;
    const name = names.get(node) ?? IDLE;
    if (at < fromUs || at > toUs || name === IDLE) return;
    times.set(name, (times.get(name) ?? 0) + delta);
    busy += delta;
  });
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, us]) => ({ name, us, share: us / busy }));
}

function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  const file = url.startsWith('file:') ? relative(WORKSPACE, fileURLToPath(url)) : url;
  return `${name} ${file.replace(/^node_modules\//, '')}:${lineNumber + 1}`;
}
