import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteBudget } from '../../src/wire/byte-budget.ts';
import { Faults, type Fault } from '../../src/wire/fault.ts';
import { PacketReader } from '../../src/wire/packet-reader.ts';
import { PublishCheck } from '../../src/wire/publish-check.ts';
import * as p from '../support/packets.ts';
import { connectCases } from './connect-cases.ts';
import { packetCases } from './packet-cases.ts';

const limits = {
  maxPacketBytes: 10_000,
  maxConnectBytes: 2_000,
  maxTopicLevels: 10,
  maxTopicBytes: 100,
  maxFilters: 5,
  topicAliasMaximum: 4,
};

function reader(version = 0, incomplete = new ByteBudget(100_000)): PacketReader {
  const made = new PacketReader(limits, new PublishCheck(limits), incomplete);
  made.version = version;
  return made;
}

function runs(target: PacketReader): Buffer[] {
  const all: Buffer[] = [];
  for (let run = target.next(); run !== null; run = target.next()) all.push(run);
  return all;
}

function faultOf(bytes: Buffer, version: number): Fault | null {
  const target = reader(version);
  target.push(bytes);
  runs(target);
  return target.fault;
}

for (const [name, version, bytes, fault] of [...connectCases, ...packetCases]) {
  test(`packet check: ${name}`, () => {
    assert.equal(faultOf(bytes, version), fault);
    // The same verdict when the packet arrives in pieces.
    for (const size of [1, 3]) {
      const target = reader(version);
      for (let at = 0; at < bytes.length; at += size) {
        target.push(bytes.subarray(at, at + size));
        runs(target);
      }
      assert.equal(target.fault, fault, `in pieces of ${size}`);
    }
  });
}

const mixed = Buffer.concat([
  p.publish({ version: 5, topic: 'a', payload: 'x'.repeat(300) }),
  p.publish({ version: 5, topic: 'b', qos: 1, properties: p.properties(p.userProperty('k', 'v')) }),
  p.pingreq,
  p.subscribe(1, [['a', 0]], p.properties()),
  p.publish({ version: 5, topic: 'c', properties: p.properties([0x23, 0, 1], [1, 1]) }),
  p.puback(1),
  p.unsubscribe(2, ['a'], p.properties()),
  p.disconnect(),
]);

test('fragmented by 1 to 7 bytes, the runs together are the stream', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: mixed.length, maxLength: mixed.length }),
      (sizes) => {
        const target = reader(5);
        const bytes: Buffer[] = [];
        const controls: string[] = [];
        const blocks: string[] = [];
        let packets = 0;
        for (let at = 0, turn = 0; at < mixed.length; turn++) {
          const size = sizes[turn] ?? 7;
          target.push(mixed.subarray(at, at + size));
          at += size;
          for (let run = target.next(); run !== null; run = target.next()) {
            bytes.push(run);
            packets += target.packets;
            if (target.control !== null) controls.push(target.control.type);
            for (const block of target.properties) blocks.push(Buffer.from(block).toString('hex'));
          }
        }
        assert.equal(target.fault, null);
        assert.deepEqual(Buffer.concat(bytes), mixed);
        assert.equal(packets, 8);
        assert.deepEqual(controls, ['subscribe', 'unsubscribe', 'disconnect']);
        assert.deepEqual(blocks, ['', '2600016b000176', '0101'], 'the topic alias is left out');
        assert.equal(target.buffered, 0);
      },
    ),
    { numRuns: 200 },
  );
});

test('a run ends before and after a packet that travels alone, and at 64 packets', () => {
  const target = reader(4);
  target.push(
    Buffer.concat([
      ...Array<Buffer>(70).fill(p.publish()),
      p.subscribe(1, [['a', 0]]),
      p.publish(),
      p.disconnect(),
    ]),
  );
  const counts: number[] = [];
  for (let run = target.next(); run !== null; run = target.next()) counts.push(target.packets);
  assert.deepEqual(counts, [64, 6, 1, 1, 1]);
});

test('packets before a bad one are handed out first', () => {
  const target = reader(4);
  target.push(Buffer.concat([p.publish(), p.publish(), p.publish({ topic: '#' }), p.publish()]));
  assert.equal(target.next()?.length, p.publish().length * 2);
  assert.equal(target.next(), null);
  assert.equal(target.fault, Faults.TOPIC_WILDCARD);
});

test('what is held is bounded by what arrived, not by what was announced', () => {
  const target = reader(4);
  target.push(Buffer.from([0x30, 0xff, 0x4d]));
  assert.equal(target.next(), null);
  assert.equal(target.buffered, 3);
});

test('what all readers hold together is bounded, and those that hold little are not refused', () => {
  const budget = new ByteBudget(16_000);
  const large = (fill: number): PacketReader => {
    const target = reader(4, budget);
    target.push(p.publish({ payload: Buffer.alloc(9_000) }).subarray(0, fill));
    assert.equal(target.next(), null);
    return target;
  };
  const first = large(8_000);
  assert.equal(first.fault, null);
  assert.equal(budget.held, 8_000);
  assert.equal(large(8_500).fault, Faults.INCOMPLETE);
  const small = large(4_000);
  assert.equal(small.fault, null);
  for (const target of [first, small]) target.clear();
  assert.equal(budget.held, 0);
});

test('what a packet took while it arrived is given back when it is whole', () => {
  const budget = new ByteBudget(16_000);
  const target = reader(4, budget);
  const packet = p.publish({ payload: Buffer.alloc(9_000) });
  target.push(packet.subarray(0, 8_000));
  assert.equal(target.next(), null);
  target.push(packet.subarray(8_000));
  assert.equal(target.next()?.length, packet.length);
  assert.equal(budget.held, 0);
});

test('packets that carry nothing are counted by run', () => {
  const target = reader(4);
  target.push(Buffer.concat([p.publish(), p.pingreq, p.puback(1), p.pubrel(2), p.pingreq, p.publish()]));
  target.next();
  assert.deepEqual([target.packets, target.pings, target.acknowledgements], [6, 2, 2]);
  target.push(p.publish());
  target.next();
  assert.deepEqual([target.packets, target.pings, target.acknowledgements], [1, 0, 0]);
});
