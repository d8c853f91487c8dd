import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import {
  buckets,
  EMPTY,
  encodePublishProperties,
  Envelope,
  EnvelopeWriter,
  RowKind,
  type RowView,
} from '@tributary/contracts';
import { connectNats, openBucket } from '@tributary/log';
import { startNats, until } from '@tributary/testing';
import { RetainedStore } from '../../src/retained/retained-store.ts';
import type { Stamp } from '../../src/retained/stamp.ts';

function row(topic: string, payload: string, receivedMs: number, messageExpiry?: number): RowView {
  const writer = new EnvelopeWriter();
  writer.append({
    kind: RowKind.publish,
    qos: 1,
    retain: true,
    dup: false,
    packetId: 1,
    protocolVersion: 5,
    receivedMs,
    epoch: 1,
    topic,
    clientId: Buffer.from('c'),
    sessionId: EMPTY,
    username: EMPTY,
    trace: EMPTY,
    origin: EMPTY,
    properties:
      messageExpiry === undefined ? EMPTY : encodePublishProperties({ messageExpiry, userProperties: [] }),
    payload: Buffer.from(payload),
  });
  return Envelope.open(writer.finish()).row(0);
}

const stamp = (receivedMs: number, partition = 0, logSequence = 1, index = 0): Stamp => ({
  receivedMs,
  partition,
  logSequence,
  row: index,
});

async function rig() {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await startNats());
  const nats = await connectNats({ servers: [server.url], name: 'test' });
  stack.defer(() => nats.close());
  const kv = await openBucket(jetstream(nats), buckets.retained, { replicas: 1 });
  const refused: number[] = [];
  const controller = new AbortController();
  stack.defer(() => controller.abort());
  const open = (maxBytes = 1e6): Promise<RetainedStore> =>
    RetainedStore.open({
      kv,
      maxBytes,
      tombstoneMs: 1_000,
      signal: controller.signal,
      onRefused: () => refused.push(1),
    });
  return { open, kv, refused, server, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const texts = (store: RetainedStore, filter = '#'): string[] =>
  [...store.match(filter)].map(({ topic, message }) => `${topic}=${message.payload.toString()}`).sort();

const stored = (store: RetainedStore) =>
  until(() => store.holdsFrom(0) === Infinity && store.holdsFrom(1) === Infinity, {
    timeoutMs: 30_000,
    what: 'all to be stored',
  });

const now = Date.now();

describe('retained messages', () => {
  it('keep the newest by stamp, in whatever order partitions are read', async () => {
    await using r = await rig();
    const store = await r.open();
    store.apply('t', stamp(now + 5, 1), row('t', 'newer', now + 5));
    store.apply('t', stamp(now, 0), row('t', 'older', now));
    assert.deepEqual(texts(store), ['t=newer']);
    store.apply('t', stamp(now + 5, 1, 1, 1), row('t', 'same time, later row', now + 5));
    assert.deepEqual(texts(store), ['t=same time, later row']);
  });

  it('stay cleared when an older value arrives late, also after a restart', async () => {
    await using r = await rig();
    const store = await r.open();
    store.apply('t', stamp(now), row('t', '', now));
    store.apply('t', stamp(now - 1), row('t', 'late', now - 1));
    assert.deepEqual(texts(store), []);
    await stored(store);
    const again = await r.open();
    again.apply('t', stamp(now - 1), row('t', 'late', now - 1));
    assert.deepEqual(texts(again), []);
  });

  it('are all there after a restart, and hold back the cursor until they are stored', async () => {
    await using r = await rig();
    const store = await r.open();
    r.server.pause();
    for (let n = 0; n < 500; n++) {
      const topic = `a/${n % 100}`;
      store.apply(topic, stamp(now + n, 1, 100 + n), row(topic, String(n), now + n));
    }
    assert.ok(store.holdsFrom(1) >= 100 && store.holdsFrom(1) < 600);
    assert.equal(store.holdsFrom(0), Infinity);
    r.server.resume();
    await stored(store);
    const again = await r.open();
    assert.deepEqual(texts(again), texts(store));
    assert.equal(again.size, 100);
    assert.equal(again.bytes, store.bytes);
  });

  it('expire by their Message Expiry Interval', async () => {
    await using r = await rig();
    const store = await r.open();
    store.apply('soon', stamp(now), row('soon', 'x', Date.now() - 900, 1));
    store.apply('later', stamp(now), row('later', 'x', now, 3_600));
    await delay(200);
    assert.deepEqual(texts(store), ['later=x']);
    await stored(store);
    assert.equal(await store.sweep(Infinity), 1);
    assert.deepEqual(texts(await r.open()), ['later=x']);
  });

  it('forget tombstones only when they are old and nothing older can come back', async () => {
    await using r = await rig();
    const store = await r.open();
    const old = now - 5_000;
    store.apply('t', stamp(old), row('t', '', old));
    await stored(store);
    assert.equal(await store.sweep(old - 1), 0, 'the log has not been routed that far');
    assert.equal(await store.sweep(Infinity), 1);
    const operations = [];
    for await (const key of await r.kv.keys()) operations.push((await r.kv.get(key))?.operation);
    assert.ok(!operations.includes('PUT'), 'nothing but a mark that ends by itself');
  });

  it('are refused for new topics beyond the bound, while known topics stay current', async () => {
    await using r = await rig();
    const store = await r.open(700);
    store.apply('known', stamp(now), row('known', 'a', now));
    store.apply('new', stamp(now), row('new', 'x'.repeat(500), now));
    assert.equal(r.refused.length, 1);
    store.apply('known', stamp(now + 1), row('known', 'b', now + 1));
    assert.deepEqual(texts(store), ['known=b']);
  });
});
