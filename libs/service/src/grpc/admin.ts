import { status } from '@grpc/grpc-js';
import { LogLevel, ServiceState } from '@tributary/contracts/admin';
import type { AdminServer, StatusResponse } from '@tributary/contracts/admin';
import type { Health, ServiceState as StateName } from '../health.ts';
import { logLevels } from '../log.ts';
import type { Log, LogLevelName } from '../log.ts';
import { RpcError, unary } from './handler.ts';

const states: Readonly<Record<StateName, ServiceState>> = {
  starting: ServiceState.STARTING,
  running: ServiceState.RUNNING,
  draining: ServiceState.DRAINING,
  stopping: ServiceState.STOPPING,
};

const levels: Readonly<Record<LogLevelName, LogLevel>> = {
  trace: LogLevel.TRACE,
  debug: LogLevel.DEBUG,
  info: LogLevel.INFO,
  warn: LogLevel.WARN,
  error: LogLevel.ERROR,
  fatal: LogLevel.FATAL,
};

/** What the Admin service shows and moves. */
export interface AdminSubject {
  readonly identity: { readonly service: string; readonly instance: string; readonly version: string };
  readonly started: Date;
  readonly health: Health;
  readonly log: Log;
  endpoints(): Readonly<Record<string, string>>;
  parts(): Readonly<Record<string, () => unknown>>;
  /** Resolves when nothing is owned any more, with what went wrong. */
  drain(): Promise<readonly string[]>;
}

/** `tributary.admin.v1.Admin` */
export function adminServer(subject: AdminSubject): AdminServer {
  const { log } = subject;
  return {
    status: unary(log, () => statusOf(subject)),
    drain: unary(log, async () => {
      const began = performance.now();
      const errors = await subject.drain();
      return { durationMs: Math.round(performance.now() - began), errors: [...errors] };
    }),
    setLogLevel: unary(log, ({ level }) => {
      const name = levelName(level);
      if (!name) throw new RpcError(status.INVALID_ARGUMENT, `no such log level: ${level}`);
      const previous = currentLevel(log);
      log.warn({ from: log.level, to: name }, 'log level changes');
      log.level = name;
      return { previous };
    }),
  };
}

function statusOf({ identity, started, health, log, endpoints, parts }: AdminSubject): StatusResponse {
  return {
    ...identity,
    started,
    state: states[health.state],
    ready: health.ready,
    components: [...health.components],
    endpoints: { ...endpoints() },
    logLevel: currentLevel(log),
    parts: Object.fromEntries(Object.entries(parts()).map(([name, value]) => [name, read(value)])),
  };
}

// A part that cannot say how it is must not take the status of the others away.
function read(value: () => unknown): unknown {
  try {
    return plain(value());
  } catch (error) {
    return { error: String(error) };
  }
}

/** Only what google.protobuf.Struct can hold: JSON; big integers as text. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value ?? null, (_key, item: unknown) =>
    typeof item === 'bigint' ? item.toString() : item,
  );
  return JSON.parse(text) as unknown;
}

function currentLevel(log: Log): LogLevel {
  return Object.entries(levels).find(([name]) => name === log.level)?.[1] ?? LogLevel.UNSPECIFIED;
}

function levelName(level: LogLevel): LogLevelName | undefined {
  return logLevels.find((name) => levels[name] === level);
}
