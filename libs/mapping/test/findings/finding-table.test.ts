import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileMapping, findingTable, type Finding } from '../../src/mod.ts';
import { findingCases, MARK, type FindingCase } from '../fixtures/finding-cases.ts';

function findingsOf(text: string): readonly Finding[] {
  const result = compileMapping(text);
  return result.ok ? result.warnings : result.findings;
}

/** Takes the mark out of a fixture and says where it stood. */
function unmark({ text }: FindingCase): { text: string; line: number; column: number } {
  const before = text.slice(0, text.indexOf(MARK)).split('\n');
  return { text: text.replace(MARK, ''), line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

for (const example of findingCases) {
  test(`${example.code}: ${example.about}`, () => {
    const { text, line, column } = unmark(example);
    const findings = findingsOf(text);
    const found = findings.find(({ code }) => code === example.code);
    assert.ok(found, `not found among ${JSON.stringify(findings, null, 2)}`);
    assert.deepEqual({ line: found.line, column: found.column }, { line, column });
    assert.equal(found.severity, findingTable[example.code].severity);
    assert.ok(found.suggestion.includes(example.says), found.suggestion);
    assert.notEqual(found.message, '');
  });
}

test('a warning alone does not refuse a mapping, an error does', () => {
  for (const example of findingCases) {
    const findings = findingsOf(unmark(example).text);
    const hasError = findings.some(({ severity }) => severity === 'error');
    assert.equal(compileMapping(unmark(example).text).ok, !hasError, example.about);
  }
});

test('the trap alone is reported: what was meant is understood', () => {
  const alone = new Set(['yaml-quotes', 'yaml-flow-template', 'yaml-colon', 'yaml-hash', 'yaml-reserved']);
  for (const example of findingCases) {
    if (!alone.has(example.code)) continue;
    const codes = findingsOf(unmark(example).text).map(({ code }) => code);
    assert.deepEqual(codes, [example.code], example.about);
  }
});

test('every finding has a case', () => {
  const covered = new Set<string>(findingCases.map(({ code }) => code));
  const missing = Object.keys(findingTable).filter((code) => !covered.has(code));
  // Its case needs a large file: see decode-source.test.ts.
  assert.deepEqual(missing, ['file-too-large']);
});
