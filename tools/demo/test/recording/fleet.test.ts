import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFleet } from '../../src/recording/fleet.ts';
import { timeline } from '../../src/recording/timeline.ts';
import { Renumbering, vehicleOf } from '../../src/recording/vehicle.ts';

const bus = (number: string, event = 'vp') => `/hfp/v2/journey/ongoing/${event}/bus/0012/${number}/4400/1`;

test('pauses over ten seconds are cut to ten, others stay', () => {
  assert.deepEqual(timeline([]), []);
  assert.deepEqual(timeline([5_000]), [0]);
  assert.deepEqual(
    timeline([0, 500, 500, 10_500, 999_999, 1_000_000]),
    [0, 500, 500, 10_500, 20_500, 20_501],
  );
});

const vehicles: [topic: string, vehicle: string | undefined][] = [
  [bus('01913'), '0012/01913'],
  ['/hfp/v2/deadrun/ongoing/bout/bus/0012/01211', '0012/01211'],
  ['/hfp/v2/journey/ongoing/vp/bus/0012', undefined],
  ['/hfp/v1/journey/ongoing/bus/0012/01913/4400/1', undefined],
  ['home/kitchen', undefined],
];
for (const [topic, expected] of vehicles) {
  test(`the vehicle of ${topic} is ${expected}`, () => {
    const vehicle = vehicleOf(topic);
    assert.equal(vehicle && `${vehicle.operator}/${vehicle.number}`, expected);
  });
}

const renumbered: [what: string, topic: string, payload: string, copy: number, ...expected: string[]][] = [
  ['copy 0 stays', bus('01913'), '{"veh":1913}', 0, bus('01913'), '{"veh":1913}'],
  [
    'topic and payload',
    bus('01913'),
    '{"VP":{"veh":1913,"a":1913}}',
    4,
    bus('401913'),
    '{"VP":{"veh":401913,"a":1913}}',
  ],
  ['spaces in JSON', bus('01913'), '{"veh" : 1913}', 12, bus('1201913'), '{"veh" : 1201913}'],
  ['another vehicle in the payload', bus('01913'), '{"veh":7}', 1, bus('101913'), '{"veh":7}'],
  ['no JSON', bus('01913'), 'veh', 1, bus('101913'), 'veh'],
  ['a name, not a number', bus('tram-a'), '{"veh":1}', 2, bus('tram-a-2'), '{"veh":1}'],
  ['no vehicle', 'home/kitchen', '{"veh":1913}', 3, 'copy-3/home/kitchen', '{"veh":1913}'],
  ['no vehicle, leading slash', '/home', '', 3, 'copy-3/home', ''],
];
for (const [what, topic, payload, copy, newTopic, newPayload] of renumbered) {
  test(`renumbering: ${what}`, () => {
    const renumbering = new Renumbering([bus('01913'), bus('tram-a')]);
    assert.equal(renumbering.topic(topic, copy), newTopic);
    assert.equal(renumbering.payload(payload, topic, copy), newPayload);
  });
}

test('numbers of copies never meet, however long those of the recording are', () => {
  const numbers = ['7', '99999', '100001', '123456789012345678901'];
  const renumbering = new Renumbering(numbers.map((number) => bus(number)));
  const all = numbers.flatMap((number) => [0, 1, 2, 10].map((copy) => renumbering.number(number, copy)));
  assert.equal(new Set(all).size, all.length);
});

const message = (seconds: number, topic: string, payload = '{}') => ({
  atMs: seconds * 1000,
  topic,
  payload,
});
const recording = [
  message(0, bus('00001'), 'a'),
  message(1, bus('00002'), 'b'),
  message(2, bus('00001', 'due'), 'c'),
  message(100, 'home/kitchen', 'd'),
];

test('a fleet has one device for each vehicle and copy, with its messages in order', () => {
  const { devices, vehicles, messages, copies } = makeFleet(recording, { copies: 2, speed: 1 });
  assert.deepEqual([vehicles, copies, messages], [3, 2, 8]);
  assert.deepEqual(
    devices.map(({ name }) => name),
    ['0012-00001', '0012-00002', 'topic-2-0', '0012-100001', '0012-100002', 'topic-2-1'],
  );
  const [first, , kitchen, copy] = devices;
  assert.ok(first && kitchen && copy);
  assert.deepEqual([first.length, first.due(0), first.due(1), kitchen.due(0)], [2, 0, 2_000, 12_000]);
  assert.equal(copy.message(1).topic, bus('100001', 'due'));
  assert.equal(String(copy.message(1).payload), 'c');
  assert.equal(copy.due(0), 5_000, 'copies do not publish in the same instant');
  assert.throws(() => first.message(2), RangeError);
});

test('without choices a fleet has some hundred vehicles and takes about a minute', () => {
  const long = Array.from({ length: 2_000 }, (_, i) => message(i, bus(`0000${i % 7}`)));
  const { devices, speed, recordedMs } = makeFleet(long, {});
  assert.equal(devices.length, 280);
  assert.ok(Math.abs(recordedMs / speed - 60_000) < 3_000, `${recordedMs / speed} ms`);
  assert.equal(makeFleet(recording, {}).speed, 1, 'never slower than recorded');
});

test('a recording with many messages is copied less often', () => {
  const many = Array.from({ length: 60_000 }, (_, i) => message(i, bus('00001')));
  assert.equal(makeFleet(many, {}).copies, 1);
});

test('more connections than a demonstration should open are refused', () => {
  assert.throws(
    () => makeFleet(recording, { copies: 9_999 }),
    /29997 connections; the demo opens at most 5000/,
  );
});
