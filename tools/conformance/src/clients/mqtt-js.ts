import assert from 'node:assert/strict';
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@tributary/testing';
import type { Target } from '../target/target.ts';
import { A_MOMENT_MS, CHECKS, type Check, type ClientVersion, type DeviceClient } from './device-client.ts';

const PATIENCE_MS = 10_000;

interface Received {
  payload: Buffer;
  packet: IPublishPacket;
}

/** A client of MQTT.js that keeps what it receives, also what comes before anybody asks. */
class Device {
  readonly client: MqttClient;
  readonly #received: Received[] = [];

  constructor(client: MqttClient) {
    this.client = client;
    client.on('message', (_topic, payload, packet) => this.#received.push({ payload, packet }));
  }

  async message(): Promise<Received> {
    await until(() => this.#received.length > 0, { what: 'a message comes', timeoutMs: PATIENCE_MS });
    return this.#received.shift() ?? assert.fail();
  }
}

class Run {
  readonly #target: Target;
  readonly #version: ClientVersion;
  readonly #prefix: string;

  constructor(target: Target, version: ClientVersion, prefix: string) {
    this.#target = target;
    this.#version = version;
    this.#prefix = prefix;
  }

  check(name: Check): Promise<void> {
    switch (name) {
      case 'QoS 0':
        return this.#atQos(0);
      case 'QoS 1':
        return this.#atQos(1);
      case 'QoS 2':
        return this.#atQos(2);
      case 'retained':
        return this.#retained();
      case 'large payload':
        return this.#large();
      case 'will':
        return this.#will();
      case 'session':
        return this.#session();
    }
  }

  async #open(name: string, options: IClientOptions = {}): Promise<Device> {
    const { host, port } = this.#target;
    const clean = options.clean ?? true;
    const client = connect(`mqtt://${host}:${port}`, {
      clientId: `${this.#prefix}${name}`,
      protocolVersion: this.#version,
      reconnectPeriod: 0,
      ...(this.#version === 5 && { properties: { sessionExpiryInterval: clean ? 0 : 60 } }),
      ...options,
    });
    // What a session has waiting may come in the same read as CONNACK.
    const device = new Device(client);
    await until(() => client.connected, { what: 'it is connected', timeoutMs: PATIENCE_MS, intervalMs: 5 });
    return device;
  }

  async #atQos(qos: 0 | 1 | 2): Promise<void> {
    const device = await this.#open(`qos${qos}`);
    const topic = `${this.#prefix}/qos${qos}`;
    await device.client.subscribeAsync(topic, { qos: 2 });
    await device.client.publishAsync(topic, 'hello', { qos });
    const { payload, packet } = await device.message();
    assert.deepEqual([payload.toString(), packet.qos], ['hello', qos]);
    await device.client.endAsync();
  }

  async #retained(): Promise<void> {
    const device = await this.#open('retained');
    const topic = `${this.#prefix}/kept`;
    await device.client.publishAsync(topic, 'kept', { qos: 1, retain: true });
    await delay(A_MOMENT_MS);
    await device.client.subscribeAsync(topic, { qos: 1 });
    const { payload, packet } = await device.message();
    assert.deepEqual([payload.toString(), packet.retain], ['kept', true]);
    await device.client.publishAsync(topic, '', { qos: 1, retain: true });
    await device.client.endAsync();
  }

  async #large(): Promise<void> {
    const device = await this.#open('large');
    const topic = `${this.#prefix}/large`;
    await device.client.subscribeAsync(topic, { qos: 2 });
    await device.client.publishAsync(topic, Buffer.alloc(300_000, 'x'), { qos: 2 });
    assert.equal((await device.message()).payload.length, 300_000);
    await device.client.endAsync();
  }

  async #will(): Promise<void> {
    const heir = await this.#open('heir');
    const topic = `${this.#prefix}/will`;
    await heir.client.subscribeAsync(topic, { qos: 1 });
    const will = { topic, payload: Buffer.from('gone'), qos: 1 as const, retain: false };
    const dying = await this.#open('dying', { will });
    dying.client.stream.destroy();
    assert.equal((await heir.message()).payload.toString(), 'gone');
    await heir.client.endAsync();
  }

  async #session(): Promise<void> {
    const topic = `${this.#prefix}/session`;
    const first = await this.#open('session', { clean: false });
    await first.client.subscribeAsync(topic, { qos: 1 });
    await first.client.endAsync();
    const other = await this.#open('other');
    for (let n = 0; n < 3; n++) await other.client.publishAsync(topic, `${n}`, { qos: 1 });
    await other.client.endAsync();
    const back = await this.#open('session', { clean: false });
    for (let n = 0; n < 3; n++) assert.equal((await back.message()).payload.toString(), `${n}`);
    await back.client.endAsync();
  }
}

export const mqttJs: DeviceClient = {
  name: 'MQTT.js',
  prepare: () => Promise.resolve(null),
  run: async (target, version, prefix) => {
    const run = new Run(target, version, prefix);
    const outcomes = new Map<Check, string | null>();
    for (const check of CHECKS) {
      const problem = await run.check(check).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      outcomes.set(check, problem);
    }
    return outcomes;
  },
};
