import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { uniqueName } from '@tributary/testing';
import { Platform } from './platform.ts';
import { RawClient } from './raw-client.ts';

/** Settings of a node, and the reason and the reference a device of MQTT 5 hears when it drains. */
const partings: [
  name: string,
  settings: Record<string, string | boolean>,
  reason: number,
  reference?: string,
][] = [
  ['without a reference', {}, 0x8b],
  ['to another server for now', { 'drain.serverReference': 'other:1883' }, 0x9c, 'other:1883'],
  ['for good', { 'drain.serverReference': 'other:1883', 'drain.serverMoved': true }, 0x9d, 'other:1883'],
];

describe('a node that stops sends its devices away', () => {
  let platform: Platform;

  before(async () => {
    platform = await Platform.start();
  });
  after(() => platform[Symbol.asyncDispose]());

  for (const engine of ['aedes', 'native'] as const) {
    for (const [name, settings, reason, reference] of partings) {
      it(`${engine}: ${name}`, async () => {
        const node = await platform.node({ 'mqtt.engine': engine, ...settings });
        using modern = await RawClient.connect(node, { protocolVersion: 5, clientId: uniqueName('modern') });
        using old = await RawClient.connect(node, { clientId: uniqueName('old') });
        const stopped = node.stop();
        const { reasonCode, properties } = await modern.take('disconnect');
        assert.deepEqual([reasonCode, properties?.serverReference], [reason, reference]);
        assert.ok(properties?.reasonString);
        await old.untilClosed();
        assert.deepEqual(old.received, []);
        await stopped;
      });
    }
  }
});
