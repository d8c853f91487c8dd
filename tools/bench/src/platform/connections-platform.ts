import { join } from 'node:path';
import { provisionNats, startNats, TemporaryFolder, type Progress } from '@tributary/testing';
import type { ConnectionsOptions } from '../connections-options.ts';
import { MemoryProbe } from '../measure/memory-probe.ts';
import type { EngineChoice } from '../service-options.ts';
import { allReady, complaintsOf, hostAndPort, logOf, startService, type Member } from './bench-service.ts';

/** What serves connections that say nothing: NATS, session-state and one ingress node, on free ports. */
export class ConnectionsPlatform implements AsyncDisposable {
  readonly members: readonly Member[];
  readonly mqtt: { host: string; port: number };
  readonly probe: MemoryProbe;
  readonly #ready = new Date().toISOString();
  readonly #resources: AsyncDisposableStack;

  private constructor(
    members: readonly Member[],
    mqtt: string,
    probe: MemoryProbe,
    resources: AsyncDisposableStack,
  ) {
    this.members = members;
    this.mqtt = hostAndPort(mqtt);
    this.probe = probe;
    this.#resources = resources;
  }

  static async start(
    { set, node: flags }: ConnectionsOptions,
    engine: EngineChoice,
    progress: Progress,
  ): Promise<ConnectionsPlatform> {
    await using resources = new AsyncDisposableStack();
    await provisionNats(progress);
    const folder = resources.use(new TemporaryFolder('bench'));
    const nats = await startNats({
      dataFolder: join(folder.path, 'nats'),
      logFile: logOf(folder.path, 'nats-server'),
    });
    resources.use(nats);
    const file = join(folder.path, 'memory.json');
    const [node, sessions] = await Promise.all([
      startService('mqtt-ingress', {
        nats: nats.url,
        engine,
        set,
        node: flags,
        folder: folder.path,
        nodeArgs: MemoryProbe.nodeArgs,
        env: MemoryProbe.environment(file),
      }),
      startService('session-state', { nats: nats.url, set, node: flags, folder: folder.path }),
    ]);
    resources.use(node);
    resources.use(sessions);
    await allReady([node, sessions]);
    const { launch, pid } = nats.process;
    const members: Member[] = [
      ...[node, sessions].map(({ name, pid }) => ({ name, pid, log: logOf(folder.path, name) })),
      {
        name: launch.name,
        pid: launch.container === undefined ? pid : undefined,
        log: logOf(folder.path, launch.name),
      },
    ];
    const probe = new MemoryProbe(node.pid, file);
    return new ConnectionsPlatform(members, node.endpoint('mqtt'), probe, resources.move());
  }

  complaints(): string[] {
    return complaintsOf(this.members, this.#ready);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
