import { Writable } from 'node:stream';
import { ServiceProcess, commonSettings } from '../src/mod.ts';
import type { CommonSettings, Service } from '../src/mod.ts';

/** A started service in this process, and what it was given. */
export interface LocalService extends AsyncDisposable {
  readonly process: ServiceProcess<CommonSettings>;
  readonly service: Service;
  readonly http: string;
  readonly grpc: string;
  /** Log lines so far. */
  readonly log: string[];
}

export interface LocalServiceOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly grpc?: readonly string[];
  start?(service: Service): Promise<void> | void;
}

export async function startLocalService(options: LocalServiceOptions = {}): Promise<LocalService> {
  const log: string[] = [];
  let given: Service | undefined;
  const process = new ServiceProcess(
    {
      name: 'local',
      settings: commonSettings,
      grpc: options.grpc ?? [],
      async start(service) {
        given = service;
        await options.start?.(service);
      },
    },
    {
      environment: options.environment ?? {},
      logDestination: new Writable({
        write(chunk: Buffer, _encoding, done) {
          log.push(chunk.toString());
          done();
        },
      }),
    },
  );
  await process.start();
  const { http, grpc } = process.endpoints;
  if (!given || !http || !grpc) throw new Error('the service did not start');
  return {
    process,
    service: given,
    http,
    grpc,
    log,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}
