import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { alive, WORKSPACE } from '@tributary/testing';

/** What `.tributary/run.json` says: how to reach every part of the running platform. */
export interface RunDescription {
  /** Process id of the supervisor; the file is stale if there is no such process. */
  supervisor: number;
  started: string;
  data: string;
  /** The first ingress node: `mqtt://host:port`. */
  mqtt: string;
  /** The first ingress node: `ws://host:port/mqtt`. */
  websocket: string;
  /** Brokers, `host:port`. */
  kafka: string[];
  /** `nats://host:port` */
  nats: string;
  /** `host:port` of the control-plane's gRPC. */
  control: string;
  mqttNodes: string[];
  websocketNodes: string[];
  mapping: { file: string; version: number };
  processes: ProcessDescription[];
}

export interface ProcessDescription {
  /** `kafka`, `topic-mapper`, `mqtt-ingress-2` */
  name: string;
  pid: number;
  log: string;
  /** By name: `http` and `grpc` as host:port, others as URLs. */
  endpoints: Record<string, string>;
}

/** Where tools look for the running platform. */
export const RUN_FILE = join(WORKSPACE, '.tributary', 'run.json');

/** Writes the file so that a reader sees the old or the new text, never half of one. */
export function writeRunFile(path: string, run: RunDescription): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(run, null, 2)}\n`);
  renameSync(draft, path);
}

/** The supervisor that the file names, if it still runs. A file that cannot be read names none. */
export function runningSupervisor(path: string): number | undefined {
  try {
    const run: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const pid = typeof run === 'object' && run !== null && 'supervisor' in run ? Number(run.supervisor) : 0;
    return alive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the file if it is this process's own. */
export function removeRunFile(path: string): void {
  if (runningSupervisor(path) === process.pid) rmSync(path, { force: true });
}
