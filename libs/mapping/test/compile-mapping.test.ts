import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileMapping, findingTable, formatFindings } from '../src/mod.ts';
import { findingCases } from './fixtures/finding-cases.ts';

function compileAnything(text: string): void {
  const result = compileMapping(text);
  const findings = result.ok ? result.warnings : result.findings;
  if (!result.ok) assert.ok(findings.some(({ severity }) => severity === 'error'));
  const lines = text.split('\n').length;
  for (const { line, column, code, message, suggestion } of findings) {
    assert.ok(line >= 1 && line <= lines, `${code} on line ${line} of ${lines}`);
    assert.ok(column >= 1);
    assert.ok(Object.hasOwn(findingTable, code));
    assert.notEqual(message, '');
    assert.notEqual(suggestion, '');
  }
  formatFindings(findings, 'mapping.yaml');
}

test('any text gives a mapping or findings, never an exception', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), compileAnything));
});

test('a mapping with anything put in, taken out or swapped gives a mapping or findings', () => {
  const texts = findingCases.map(({ text }) => text).filter((text) => text.length < 5000);
  const piece = fc.constantFrom(
    ...[
      '{',
      '}',
      '${',
      '"',
      "'",
      '#',
      ': ',
      ':',
      '- ',
      '\n',
      '\t',
      '  ',
      '&a ',
      '*a',
      '!x ',
      '|',
      '>',
      '<<',
      '[',
      ']',
    ],
    ...[',', '\\', '+', '/', '?', 'payload', 'env:', '0', 'null', '\0', '\ud800', '%', '@', '$', 'é', '---'],
  );
  const edit = fc.record({ at: fc.nat(), remove: fc.nat({ max: 6 }), insert: piece });
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(edit, { maxLength: 4 }), (text, edits) => {
      let edited = text;
      for (const { at, remove, insert } of edits) {
        const index = at % (edited.length + 1);
        edited = edited.slice(0, index) + insert + edited.slice(index + remove);
      }
      compileAnything(edited);
    }),
    { numRuns: 2000 },
  );
});

test('a file of many routes gives a mapping, or findings in spite of errors on every line', () => {
  const route = (index: number) =>
    `  - { name: r${index}, from: { mqtt: "a/${index}/{d}/#" }, to: { kafka: t${index % 9}, key: "\${d}" } }\n`;
  const text = `version: 1\nclusters: { main: { brokers: "k:1" } }\nroutes:\n${Array.from({ length: 400 }, (_, i) => route(i)).join('')}`;
  const result = compileMapping(text);
  assert.ok(result.ok);
  assert.equal(result.mapping.explain('a/77/x/y').length, 1);
  compileAnything(text.replaceAll('"', ''));
  compileAnything(text.replaceAll('}', ''));
});
