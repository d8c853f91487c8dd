import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Mapping, RecordSink } from '../../src/mod.ts';
import { readHeaderList } from '../../src/tests/read-header-list.ts';
import { compiled, decodeProperties, message } from '../fixtures/run.ts';

const mapping = compiled(`version: 1
clusters: { main: { brokers: "k:1" } }
defaults: { unmatched: deadLetter }
routes:
  - name: by-topic
    from: { mqtt: "{site}/{device}/#" }
    when: site != "b" || rest == ""
    to:
      kafka: site.\${site}
      topics: [site.a, site.b, site.]
      key: \${device}/\${rest}
      value: { site: "\${site}" }
      headers: { device: "\${device}" }
  - name: by-message
    from: { mqtt: "+/{device}" }
    when: qos > 0
    onError: drop
    to:
      kafka: \${payload.k}
      topics: [x, y]
      key: \${payload.n + 1}
      headers: { d: "\${device} \${client}", q: "\${qos}" }
  - name: may-block
    from: { mqtt: "a/+/c" }
    onError: block
    to: { kafka: z, key: "\${payload.n}" }
`);

const topic = fc
  .array(fc.constantFrom('a', 'b', 'c', '', 'ü'), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'));
const input = fc.record({
  topic,
  qos: fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2),
  retain: fc.boolean(),
  clientId: fc.constantFrom('one', 'two'),
  payload: fc.constantFrom('{"k":"x","n":1}', '{"k":"q","n":2.5}', '{"k":"y"}', '{}', 'no JSON'),
});

/** Everything a pipeline tells its sink, as comparable text. */
function told(from: Mapping, cacheBytes: number, inputs: readonly ReturnType<typeof message>[]): string[] {
  const log: string[] = [];
  const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString());
  const sink: RecordSink = {
    record: ({ name }, kafka, key, value, headers, time) => {
      log.push(JSON.stringify([name, kafka, text(key), text(value), readHeaderList(headers), time]));
    },
    deadLetter: ({ name }, code, reason) => log.push(`deadLetter ${name} ${code} ${reason}`),
    drop: ({ name }, code, reason) => log.push(`drop ${name} ${code} ${reason}`),
    block: ({ name }, code, reason) => log.push(`block ${name} ${code} ${reason}`),
    unmatched: (policy) => log.push(`unmatched ${policy}`),
  };
  const pipeline = from.pipeline('main', { cacheBytes, decodeProperties });
  for (const each of inputs) {
    log.push(each.topic);
    pipeline.map(each, sink);
  }
  return log;
}

test('a cache of any size changes nothing', () => {
  fc.assert(
    fc.property(
      fc.array(input, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 0, max: 20_000 }),
      (fields, bytes) => {
        const inputs = fields.map(message);
        assert.deepEqual(told(mapping, bytes, inputs), told(mapping, 0, inputs));
      },
    ),
    { numRuns: 300 },
  );
});
