import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quote, quoteFlowTemplates, replaceValue } from '../../src/yaml/flow-quoting.ts';
import { SourceText } from '../../src/yaml/source-text.ts';

test('positions count lines and columns from 1', () => {
  const source = new SourceText('ab\ncd\r\n\ne');
  const at = (offset: number) => Object.values(source.position(offset)).join(':');
  assert.deepEqual([0, 1, 2, 3, 7, 8, 9].map(at), ['1:1', '1:2', '1:3', '2:1', '3:1', '4:1', '4:2']);
  assert.deepEqual(
    [0, 1, 2, 3].map((line) => source.line(line)),
    ['ab', 'cd', '', 'e'],
  );
});

test('positions leave out what a repair has put in', () => {
  const source = new SourceText('a: 1\nkey: it\'s "x" y\nb: 2');
  const repaired = source.withLine(1, replaceValue(source.line(1), 5, 15, quote('it\'s "x" y')));
  assert.equal(repaired.line(1), "key: 'it''s \"x\" y'");
  const column = (text: string) => repaired.position(repaired.text.indexOf(text)).column;
  assert.deepEqual(['it', 's "', '"x"', ' y'].map(column), [6, 9, 11, 14]);
  assert.deepEqual(repaired.position(repaired.text.indexOf('b: 2')), { line: 3, column: 1 });
});

for (const [line, expected] of [
  ['to: { key: ${a}, x: 1 }', 'to: { key: "${a}", x: 1 }'],
  ['to: {key: ${a}/${b},x: "${c}"}', 'to: {key: "${a}/${b}",x: "${c}"}'],
  ['brokers: [${env:A}:9092, b:1]', 'brokers: ["${env:A}:9092", b:1]'],
  ['  key: ${f("a")},', `  key: '\${f("a")}',`],
  ['x: { a: ${ {"b": 1}["b"] } }', `x: { a: '\${ {"b": 1}["b"] }' }`],
  ['x: { a: "b", c: ${d} } # ${e}', 'x: { a: "b", c: "${d}" } # ${e}'],
] as const) {
  test(`templates of "${line}" are quoted`, () => {
    assert.equal(quoteFlowTemplates(line).text, expected);
  });
}

test('quoting any line terminates and inserts only what it says', () => {
  const piece = fc.constantFrom('${', '}', '{', '[', ']', ',', ': ', ':', '"', "'", '#', ' ', 'a', '\\');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const line = pieces.join('');
      const { text, inserted } = quoteFlowTemplates(line);
      const kept = [...text].filter((_, index) => !inserted.includes(index)).join('');
      assert.equal(kept, line);
    }),
  );
});
