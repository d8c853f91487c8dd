import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alive, WORKSPACE } from '@tributary/testing';
import { DemoError, reasonOf } from '../errors.ts';
import type { PlatformChoice } from '../options.ts';

/** What the demo needs to know of a running platform: part of what `npm start` writes into run.json. */
export interface RunningPlatform {
  /** The run.json. */
  readonly file: string;
  /** The folder of its state. */
  readonly data: string;
  /** `mqtt://host:port` of each ingress node. */
  readonly mqttNodes: readonly string[];
  /** `host:port` of each broker. */
  readonly kafka: readonly string[];
  readonly nats: string;
  /** `host:port` of the control-plane's gRPC. */
  readonly control: string;
}

/** Where the run.json of the platform that the user means can be, the likeliest first. */
export function runFiles({ run, data, portOffset }: PlatformChoice): string[] {
  if (run !== undefined) return [run];
  if (data !== undefined) return [join(data, 'run.json')];
  const own = (folder: string): string => join(WORKSPACE, '.tributary', folder, 'run.json');
  if (portOffset !== 0) return [own(`data-${portOffset}`)];
  return [join(WORKSPACE, '.tributary', 'run.json'), own('data')];
}

/** The first of these that describes a platform that runs. Errors: `platform`, if one cannot be understood. */
export function findPlatform(files: readonly string[]): RunningPlatform | undefined {
  for (const file of files) {
    const run = readRunFile(file);
    if (run && alive(Number(run['supervisor']))) return describe(file, run);
  }
  return undefined;
}

/** The process ids that the file names now, by process; those that have ended are left out. */
export function processIds(file: string): Map<string, number> {
  const processes = readRunFile(file)?.['processes'];
  const ids = new Map<string, number>();
  for (const entry of Array.isArray(processes) ? (processes as unknown[]) : []) {
    if (!isMap(entry)) continue;
    const { name, pid } = entry;
    if (typeof name === 'string' && typeof pid === 'number' && alive(pid)) ids.set(name, pid);
  }
  return ids;
}

/** The gRPC addresses of all running processes of a service; the file is read anew, for a restart changes ports. */
export function grpcAddresses(file: string, service: string): string[] {
  const processes = readRunFile(file)?.['processes'];
  return (Array.isArray(processes) ? processes : []).flatMap((entry: unknown) => {
    if (!isMap(entry) || !isMap(entry['endpoints'])) return [];
    const { name, endpoints } = entry;
    const ours = typeof name === 'string' && new RegExp(`^${service}(-\\d+)?$`).test(name);
    const grpc = endpoints['grpc'];
    return ours && typeof grpc === 'string' ? [grpc] : [];
  });
}

function readRunFile(file: string): Record<string, unknown> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isMap(value)) return value;
  } catch (cause) {
    // It may have gone since: its platform has just stopped.
    if (!existsSync(file)) return undefined;
    throw new DemoError('platform', `${file} cannot be read: ${reasonOf(cause)}`, { cause });
  }
  throw new DemoError('platform', `${file} does not describe a platform`);
}

function describe(file: string, run: Record<string, unknown>): RunningPlatform {
  const missing: string[] = [];
  const text = (name: string): string => {
    const value = run[name];
    if (typeof value === 'string' && value !== '') return value;
    missing.push(name);
    return '';
  };
  const texts = (name: string): string[] => {
    const value: unknown = run[name];
    const list: unknown[] = Array.isArray(value) ? value : [];
    const found = list.filter((item) => typeof item === 'string');
    if (found.length === 0) missing.push(name);
    return found;
  };
  const platform = {
    file,
    data: text('data'),
    mqttNodes: texts('mqttNodes'),
    kafka: texts('kafka'),
    nats: text('nats'),
    control: text('control'),
  };
  if (missing.length > 0)
    throw new DemoError('platform', `${file} does not say ${missing.join(', ')}; is it a run.json?`);
  return platform;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
