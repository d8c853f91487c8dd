import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { engineTest } from '../support/engine-fixture.ts';
import * as p from '../support/packets.ts';
import { RawClient } from '../support/raw-client.ts';

interface Attack {
  name: string;
  /** Sent at once. */
  connect: Buffer;
  /** Sent after CONNACK, if any. */
  then?: Buffer;
}

/** Each ends a process that runs aedes 2.0.0-beta.1 alone with an uncaught TypeError. */
const killers: Attack[] = [
  {
    name: 'Session Expiry Interval twice in CONNECT',
    connect: p.connect({ version: 5, properties: p.properties([0x11, 0, 0, 0, 1], [0x11, 0, 0, 0, 1]) }),
  },
  {
    name: 'Response Topic cut off in PUBLISH',
    connect: p.connect({ version: 5 }),
    then: p.publish({ version: 5, properties: p.properties([8, 0, 9]) }),
  },
  {
    name: 'topic filter __proto__ beside another',
    connect: p.connect({ version: 5 }),
    then: p.subscribe(
      1,
      [
        ['__proto__', 0],
        ['a', 0],
      ],
      p.properties(),
    ),
  },
  { name: 'client identifier __proto__', connect: p.connect({ clientId: '__proto__' }) },
  { name: 'client identifier constructor', connect: p.connect({ version: 5, clientId: 'constructor' }) },
];

async function attack(port: number, { connect, then }: Attack): Promise<void> {
  const client = await RawClient.open(port);
  client.send(connect);
  await client.next();
  if (then !== undefined) client.send(then);
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
}

for (const killer of killers) {
  engineTest(`one packet ends aedes, and not this engine: ${killer.name}`, async (start) => {
    await using fixture = await start();
    await attack(fixture.port, killer);
    assert.deepEqual(fixture.errors, []);
    const other = await fixture.client({ clientId: 'other' });
    assert.equal(await other.send(p.pingreq).nextHex(), 'd0');
    other.destroy();
  });

  test(`the attack is real: ${killer.name}`, async () => {
    const script = fileURLToPath(new URL('../support/plain-aedes.ts', import.meta.url));
    const plain = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(plain, 'exit');
    const [line] = (await once(plain.stdout, 'data')) as [Buffer];
    await attack(Number(line.toString()), killer);
    const timer = setTimeout(() => plain.kill('SIGKILL'), 5_000);
    const [code] = (await ended) as [number | null];
    clearTimeout(timer);
    assert.ok(code !== null && code !== 0, 'aedes survived: look again whether the check is still needed');
  });
}

engineTest('nothing is processed before the host accepts, whatever the segments', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  let accept = (): void => {};
  host.verdict = () => new Promise((resolve) => (accept = () => resolve({ accept: true })));
  const client = await fixture.client();
  client.send(p.connect(), p.publish({ topic: 'same/segment' }));
  await host.until(() => host.connects.length === 1, 'connect');
  for (let turn = 0; turn < 100; turn++) {
    client.send(p.publish({ topic: `later/${turn}`, qos: 1, id: turn + 1 }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(host.publishes, []);
  accept();
  await host.until(() => host.publishes.length === 101, 'publishes');
  assert.deepEqual(
    host.publishes.map(({ topic }) => topic),
    ['same/segment', ...Array.from({ length: 100 }, (_, turn) => `later/${turn}`)],
  );
  client.destroy();
});

engineTest('nothing is processed of a client that is refused', async (start) => {
  await using fixture = await start();
  const { host } = fixture;
  host.verdict = () => Promise.resolve({ accept: false, reason: 0x87 });
  const client = await fixture.client();
  client.send(p.connect(), p.publish({ topic: 'secret', qos: 1 }), p.subscribe(1, [['#', 0]]));
  assert.deepEqual(await client.hexes(2), ['20 0005', 'closed']);
  assert.deepEqual(host.publishes, []);
  assert.deepEqual(host.subscribes, []);
});

engineTest(
  '10,000 random byte streams end connections, and nothing else',
  async (start) => {
    await using fixture = await start();
    const streams = fc.sample(byteStream, 10_000);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let stream = streams[next++]; stream !== undefined; stream = streams[next++]) {
        const client = await RawClient.open(fixture.port);
        for (const segment of stream) {
          client.send(segment);
          await new Promise((resolve) => setImmediate(resolve));
        }
        client.socket.end();
        await client.closed;
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    assert.deepEqual(fixture.errors, []);
    assert.equal(fixture.engine.counters.internalErrors, 0);
    const { host } = fixture;
    await host.until(() => host.closures.length === host.connects.length, 'closures');
    assert.ok(host.publishes.length > 100, `${host.publishes.length} random PUBLISHes were valid`);
    const other = await fixture.client({ clientId: 'other' });
    assert.equal(await other.send(p.pingreq).nextHex(), 'd0');
    other.destroy();
  },
  { timeout: 240_000 },
);

const version = fc.constantFrom<3 | 4 | 5>(3, 4, 5);
const text = fc.string({ maxLength: 8, unit: 'binary' });
const name = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'a', 'a/b', '$share/g/a', '#'));

function block(version: number): fc.Arbitrary<Buffer> {
  if (version !== 5) return fc.constant(Buffer.alloc(0));
  const property = fc
    .tuple(
      fc.oneof(fc.constantFrom(1, 2, 3, 8, 9, 0x0b, 0x11, 0x1f, 0x21, 0x23, 0x26, 0x27), fc.nat(50)),
      fc.uint8Array({ maxLength: 8 }),
    )
    .map(([id, value]) => Buffer.from([id, ...value]));
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(p.properties()) },
    fc.array(property, { maxLength: 3 }).map((parts) => p.properties(...parts)),
    fc.tuple(text, text).map(([key, value]) => p.properties(p.userProperty(key, value))),
  );
}

function packetsOf(version: 3 | 4 | 5): fc.Arbitrary<Buffer> {
  const id = fc.nat(4);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(name, fc.nat(3), id, fc.boolean(), fc.boolean(), block(version), text)
        .map(([topic, qos, id, retain, dup, properties, payload]) =>
          p.publish({ version, topic, qos, id, retain, dup: dup && qos > 0, properties, payload }),
        ),
    },
    fc
      .tuple(
        id,
        fc.array(fc.tuple(name, fc.constantFrom(0, 1, 2, 3, 0x2c)), { maxLength: 3 }),
        block(version),
      )
      .map(([id, filters, properties]) => p.subscribe(id, filters, properties)),
    fc
      .tuple(id, fc.array(name, { maxLength: 3 }), block(version))
      .map(([id, filters, properties]) => p.unsubscribe(id, filters, properties)),
    fc
      .tuple(fc.constantFrom(0x40, 0x50, 0x62, 0x70, 0xc0, 0xe0, 0xf0, 0x10), fc.uint8Array({ maxLength: 6 }))
      .map(([first, body]) => p.packet(first, Buffer.from(body))),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  );
}

/** Segments: mostly a valid CONNECT, then packets that are valid, nearly valid or noise. */
const byteStream: fc.Arbitrary<Buffer[]> = version.chain((version) =>
  fc
    .tuple(
      fc.oneof(
        {
          weight: 9,
          arbitrary: fc
            .tuple(name, fc.boolean(), block(version))
            .map(([clientId, clean, properties]) => p.connect({ version, clientId, clean, properties })),
        },
        fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      ),
      fc.array(packetsOf(version), { maxLength: 8 }),
      fc.integer({ min: 1, max: 40 }),
    )
    .map(([connect, packets, size]) => {
      const all = Buffer.concat([connect, ...packets]);
      const segments: Buffer[] = [];
      for (let at = 0; at < all.length; at += size) segments.push(all.subarray(at, at + size));
      return segments;
    }),
);
