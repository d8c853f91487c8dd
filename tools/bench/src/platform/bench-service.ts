import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Proc, until } from '@tributary/testing';
import { processUsage, type ProcessUsage } from '../measure/process-usage.ts';
import type { EngineChoice, NodeFlag, ServiceName, ServiceSetting } from '../service-options.ts';

const READY_MS = 90_000;

/** A process of a platform under test. */
export interface Member {
  name: string;
  /** Undefined where only the client of a container runs here. */
  pid: number | undefined;
  log: string;
}

export interface ServiceStart {
  /** As reports and files call it, where one service runs several times. */
  label?: string;
  nats: string;
  /** Of mqtt-ingress. */
  engine?: EngineChoice;
  settings?: Readonly<Record<string, string | number>>;
  /** What the user changed; goes before everything else. */
  set: readonly ServiceSetting[];
  node: readonly NodeFlag[];
  env?: Readonly<Record<string, string>>;
  /** Further flags of Node. */
  nodeArgs?: readonly string[];
  folder: string;
}

/** Starts one of our services from source, on free ports. It is ready when {@link allReady} says so. */
export function startService(name: ServiceName, start: ServiceStart): Promise<Proc> {
  const {
    label = name,
    nats,
    engine = 'default',
    settings = {},
    set,
    node,
    env = {},
    nodeArgs = [],
    folder,
  } = start;
  const own: Record<string, string | number> = { ...settings };
  if (name === 'mqtt-ingress') own['mqtt.port'] = own['websocket.port'] = 0;
  if (engine !== 'default') own['mqtt.engine'] = engine;
  for (const { service, key, value } of set) if (service === name) own[key] = value;
  return Proc.start(name, {
    settings: { 'nats.servers': [nats], ...own },
    env,
    nodeArgs: [...node.filter(({ service }) => service === name).map(({ flag }) => flag), ...nodeArgs],
    logFile: logOf(folder, label),
    waitFor: 'endpoints',
    readyTimeoutMs: READY_MS,
  });
}

export function logOf(folder: string, name: string): string {
  return join(folder, `${name}.log`);
}

export async function allReady(services: readonly Proc[]): Promise<void> {
  for (const service of services) {
    const ready = async (): Promise<boolean> => {
      const response = await service.get('/readyz');
      if (!response.ok) throw new Error(await response.text());
      return true;
    };
    await until(ready, { what: `${service.name} is ready`, timeoutMs: READY_MS, intervalMs: 50 });
  }
}

/** Log lines that are warnings or worse since a moment, with the name of the process. */
export function complaintsOf(members: readonly Member[], since: string): string[] {
  return members.flatMap(({ name, log }) => {
    if (!existsSync(log)) return [];
    const lines = readFileSync(log, 'utf8').split('\n');
    return lines.filter((line) => (complainedAt(line) ?? '') > since).map((line) => `${name}: ${line}`);
  });
}

/** Copies the logs of all processes into a folder. */
export function keepLogs(members: readonly Member[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, log } of members) if (existsSync(log)) copyFileSync(log, logOf(folder, name));
}

/** CPU time and memory of a process; undefined where the system does not tell. */
export function usageOf({ pid }: { pid: number | undefined }): ProcessUsage | undefined {
  return pid === undefined ? undefined : processUsage(pid);
}

export function hostAndPort(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

// The services' log lines are JSON objects that begin with level and time.
function complainedAt(line: string): string | undefined {
  return /^\{"level":"(?:warn|error|fatal)","time":"([^"]+)"/.exec(line)?.[1];
}
