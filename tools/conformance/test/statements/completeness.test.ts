import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allStatementIds, chapters, SECTIONS, statements } from '../../src/statements/catalogue.ts';
import { unobserved } from '../../src/statements/unobserved.ts';

const ids = [...statements, ...unobserved].map(({ id }) => id);
const ofMqtt5 = (id: string): boolean => !id.includes(' ');

test('MQTT 5 has 251 normative statements', () => {
  assert.equal(allStatementIds().length, 251);
});

for (const section of Object.keys(SECTIONS)) {
  test(`every statement of section ${section} has a case or a reason why it has none`, () => {
    const inSection = (id: string): boolean => id.startsWith(`${section}-`);
    const expected = allStatementIds().filter(inSection);
    const listed = ids.filter((id) => ofMqtt5(id) && inSection(id));
    assert.deepEqual(listed.toSorted(), expected.toSorted());
  });
}

test('no statement is listed twice, and none that there is not', () => {
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
  const known = new Set(allStatementIds());
  assert.deepEqual(
    ids.filter((id) => ofMqtt5(id) && !known.has(id)),
    [],
  );
});

test('what each statement says is said in words', (context) => {
  for (const { id, says } of [...statements, ...unobserved]) assert.ok(says.length > 15, id);
  const counts = Object.entries(chapters).map(([chapter, own]) => `${chapter}: ${own.length}`);
  const why = Map.groupBy(unobserved, (one) => one.why);
  context.diagnostic(`${statements.length} cases: ${counts.join(', ')}`);
  context.diagnostic([...why].map(([reason, own]) => `${own.length} without a case, ${reason}`).join('; '));
});
