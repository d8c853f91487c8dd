import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compiled, message, options } from '../fixtures/run.ts';

test('a message is mapped again for one route alone, and its failure is a dead letter whatever the policy', () => {
  const mapping = compiled(
    [
      'version: 1',
      'clusters: { main: { brokers: ["kafka:9092"] } }',
      'routes:',
      ...['plain', 'blocks', 'drops'].flatMap((name) => [
        `  - name: ${name}`,
        '    from: { mqtt: "a/#" }',
        `    onError: ${name === 'blocks' ? 'block' : name === 'drops' ? 'drop' : 'deadLetter'}`,
        `    to: { kafka: ${name}, key: "${name === 'plain' ? 'k' : '${payload.id}'}" }`,
      ]),
    ].join('\n'),
  );
  const pipeline = mapping.pipeline('main', options);
  const again = (only: string | null, topic = 'a/b'): [boolean, ...string[]] => {
    const calls: string[] = [];
    const taken = pipeline.mapAgain(message({ topic, payload: 'no json' }), only, {
      record: ({ name }) => calls.push(`record ${name}`),
      deadLetter: ({ name }, code) => calls.push(`letter ${name} ${code}`),
    });
    return [taken, ...calls];
  };
  assert.deepEqual(again('plain'), [true, 'record plain']);
  assert.deepEqual(again('blocks'), [true, 'letter blocks payload-not-json']);
  assert.deepEqual(again('drops'), [true, 'letter drops payload-not-json']);
  assert.deepEqual(again('gone'), [false]);
  assert.deepEqual(again(null, 'elsewhere'), [false]);
  assert.deepEqual(again(null).length, 4);
});
