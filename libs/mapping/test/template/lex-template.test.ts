import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lexTemplate } from '../../src/template/lex-template.ts';

function lexed(template: string): string[] {
  return lexTemplate(template).parts.map(({ kind, text }) => (kind === 'text' ? text : `<${text}>`));
}

for (const [template, parts] of [
  ['', []],
  ['plain $ text } {x}', ['plain $ text } {x}']],
  ['${a}', ['<a>']],
  ['x${a}/${b}y', ['x', '<a>', '/', '<b>', 'y']],
  ['$${a}', ['${a}']],
  ['$$${a}', ['$${a}']],
  ['a$${b}${c}', ['a${b}', '<c>']],
  ['${ {"k": {"n": 1}}["k"] }!', ['< {"k": {"n": 1}}["k"] >', '!']],
  ['${"}"}', ['<"}">']],
  [`\${'\\'}'}x`, [`<'\\'}'>`, 'x']],
  ['${r"\\"}x', ['<r"\\">', 'x']],
  ['${"""a"}b"""}x', ['<"""a"}b""">', 'x']],
] as const) {
  test(`parts of ${JSON.stringify(template)}`, () => assert.deepEqual(lexed(template), parts));
}

for (const [template, index] of [
  ['a${', 1],
  ['a${b', 1],
  ['${"b}', 0],
  ['x${ }', 1],
  ['${a}${', 4],
] as const) {
  test(`problem of ${JSON.stringify(template)}`, () => {
    assert.deepEqual(
      lexTemplate(template).problems.map((problem) => problem.index),
      [index],
    );
  });
}

test('any text is one constant part once its ${ are escaped', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      // A $ before an escaped ${ stays a $ of its own.
      const { parts, problems } = lexTemplate(text.replaceAll('${', () => '$${'));
      assert.deepEqual(problems, []);
      assert.equal(parts.map((part) => part.text).join(''), text);
    }),
  );
});

test('an index says where a part begins', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '${b}', '$', '{', '}', '"')), (pieces) => {
      const template = pieces.join('');
      for (const { text, index, kind } of lexTemplate(template).parts) {
        if (kind === 'expression') assert.ok(template.startsWith(text, index));
      }
    }),
  );
});
