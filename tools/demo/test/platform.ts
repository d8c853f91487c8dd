import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Proc, sharedKafka, startNats, TemporaryFolder, uniqueName } from '@tributary/testing';

/** Every service on free ports with real servers, described by a run.json as `npm start` writes it. */
export class Platform implements AsyncDisposable {
  readonly runFile: string;
  readonly control: string;
  readonly #stack: AsyncDisposableStack;
  readonly #egress: Proc;
  readonly #describe: () => void;

  private constructor(
    stack: AsyncDisposableStack,
    runFile: string,
    control: string,
    egress: Proc,
    describe: () => void,
  ) {
    this.#stack = stack;
    this.runFile = runFile;
    this.control = control;
    this.#egress = egress;
    this.#describe = describe;
  }

  static async start(): Promise<Platform> {
    const stack = new AsyncDisposableStack();
    try {
      const folder = stack.use(new TemporaryFolder('demo'));
      const [nats, brokers] = await Promise.all([startNats(), sharedKafka()]);
      stack.use(nats);
      const start = async (app: string, own: Record<string, string | number> = {}): Promise<Proc> => {
        const settings = { 'nats.servers': [nats.url], 'log.partitions': 4, ...own };
        const env = { KAFKA_BROKERS: brokers.join(',') };
        return stack.use(await Proc.start(app, { settings, env, waitFor: 'endpoints' }));
      };
      const [ingress, mapper, control, egress] = await Promise.all([
        start('mqtt-ingress', { 'mqtt.port': 0, 'websocket.port': 0 }),
        start('topic-mapper'),
        start('control-plane'),
        start('kafka-egress', { 'egress.positionsTopic': uniqueName('positions') }),
        start('session-state'),
      ]);
      const runFile = join(folder.path, 'run.json');
      const describe = (): void => {
        const run = {
          supervisor: process.pid,
          data: folder.path,
          mqttNodes: [ingress.endpoint('mqtt')],
          kafka: brokers,
          nats: nats.url,
          control: control.endpoint('grpc'),
          processes: [mapper, egress].map(({ name, pid, endpoints }) => ({ name, pid, endpoints })),
        };
        writeFileSync(runFile, JSON.stringify(run));
      };
      describe();
      return new Platform(stack, runFile, control.endpoint('grpc'), egress, describe);
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  /** kill -9, and what a supervisor does then. */
  async killEgress(): Promise<void> {
    await this.#egress.restart('kill');
    this.#describe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
