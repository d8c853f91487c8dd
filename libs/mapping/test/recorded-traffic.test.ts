import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { OutcomeSink } from '../src/tests/outcome.ts';
import { compiled, message, options } from './fixtures/run.ts';

interface Line {
  readonly at: string;
  readonly topic: string;
  readonly payload: string;
}

const lines = gunzipSync(readFileSync(new URL('../../../tools/demo/data/hsl-hfp.jsonl.gz', import.meta.url)))
  .toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Line);

/** The example of the documentation. */
const example = `
version: 1
clusters:
  main: { brokers: ["\${env:KAFKA_BROKERS}"], delivery: at-least-once }
defaults: { cluster: main, onError: deadLetter }
routes:
  - name: vehicle-positions
    from:
      mqtt: /hfp/v2/journey/+/{event}/{mode}/{operator}/{vehicle}/#
    when: mode in ["bus", "tram"]
    to:
      kafka: vehicles.\${event}
      topics: [vehicles.vp, vehicles.due, vehicles.arr]   # the only topics the template may produce to
      key: \${operator}/\${vehicle}
      headers:
        mode: \${mode}
`;

function received({ at, topic, payload }: Line): ReturnType<typeof message> {
  return message({ topic, payload, receivedMs: Date.parse(at), clientId: topic.split('/')[8] ?? '' });
}

test('the example maps recorded traffic', () => {
  const pipeline = compiled(example).pipeline('main', options);
  const listed = new Set(['vp', 'due', 'arr']);
  for (const line of lines) {
    const sink = new OutcomeSink();
    pipeline.map(received(line), sink);
    const { records, failures, unmatched } = sink.outcome();
    const [, , , type, , event = '', mode, operator, vehicle] = line.topic.split('/');
    const isJourney = type === 'journey';
    assert.equal(unmatched, !isJourney);
    assert.equal(records.length, isJourney && listed.has(event) ? 1 : 0);
    assert.deepEqual(
      failures.map(({ code }) => code),
      isJourney && !listed.has(event) ? ['kafka-topic-not-listed'] : [],
    );
    const [record] = records;
    if (record === undefined) continue;
    assert.equal(record.topic, `vehicles.${event}`);
    assert.equal(record.key, `${operator}/${vehicle}`);
    assert.equal(record.value, line.payload);
    assert.deepEqual(
      record.headers.filter(([name]) => name === 'mode' || name === 'mqtt.topic'),
      [
        ['mqtt.topic', line.topic],
        ['mode', mode],
      ],
    );
  }
  const { hits, misses, topics } = pipeline.cache;
  assert.equal(hits + misses, lines.length);
  assert.equal(misses, new Set(lines.map(({ topic }) => topic)).size);
  assert.equal(topics, misses);
});

test('expressions read every payload of recorded traffic', () => {
  const mapping = compiled(`
version: 1
clusters: { main: { brokers: "\${env:KAFKA_BROKERS}" } }
routes:
  - name: by-payload
    from: { mqtt: "/hfp/v2/+/+/{event}/bus/#" }
    to:
      kafka: hfp
      key: \${payload[event.upperAscii()].veh}
      value:
        event: \${event}
        position:
          lat: \${payload[event.upperAscii()].?lat}
          lon: \${payload[event.upperAscii()].?long}
        kmh: '\${payload.?VP.?spd.orValue(null) != null ? payload.VP.spd * 3.6 : -1.0}'
        received: \${received}
`);
  const pipeline = mapping.pipeline('main', options);
  for (const line of lines) {
    const sink = new OutcomeSink();
    pipeline.map(received(line), sink);
    const { records, failures } = sink.outcome();
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      [],
    );
    const [body] = Object.values(JSON.parse(line.payload) as Record<string, Record<string, unknown>>);
    const value = JSON.parse(records[0]?.value ?? '') as Record<string, unknown>;
    assert.equal(records[0]?.key, String(body?.['veh']));
    assert.deepEqual(value['position'], { lat: body?.['lat'] ?? null, lon: body?.['long'] ?? null });
    assert.equal(Date.parse(String(value['received'])), Date.parse(line.at));
  }
});

test('explain tells what a topic gives', () => {
  const [line] = lines;
  assert.deepEqual(compiled(example).explain(line?.topic ?? ''), [
    {
      route: 'vehicle-positions',
      cluster: 'main',
      filter: '/hfp/v2/journey/+/+/+/+/+/#',
      captures: { event: 'due', mode: 'bus', operator: '0012', vehicle: '01913' },
      rest: '4400/1/Vantaankoski/15:21/1130110/4/60;24/19/72/15',
      when: 'mode in ["bus", "tram"]',
    },
  ]);
  assert.deepEqual(compiled(example).explain('/hfp/v1/journey'), []);
});
