import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Proc, sharedKafka, startNats, TemporaryFolder, uniqueName } from '@tributary/testing';

/** Every service on free ports with real servers, described by a run.json as `npm start` writes it. */
export class Platform implements AsyncDisposable {
  readonly runFile: string;
  readonly control: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(stack: AsyncDisposableStack, runFile: string, control: string) {
    this.#stack = stack;
    this.runFile = runFile;
    this.control = control;
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
      const [ingress, mapper, control] = await Promise.all([
        start('mqtt-ingress', { 'mqtt.port': 0, 'websocket.port': 0 }),
        start('topic-mapper'),
        start('control-plane'),
        start('session-state'),
        start('kafka-egress', { 'egress.positionsTopic': uniqueName('positions') }),
      ]);
      const runFile = join(folder.path, 'run.json');
      const run = {
        supervisor: process.pid,
        data: folder.path,
        mqttNodes: [ingress.endpoint('mqtt')],
        kafka: brokers,
        nats: nats.url,
        control: control.endpoint('grpc'),
        processes: [{ name: 'topic-mapper', pid: mapper.pid, endpoints: mapper.endpoints }],
      };
      writeFileSync(runFile, JSON.stringify(run));
      return new Platform(stack, runFile, run.control);
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
