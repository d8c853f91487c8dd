import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileMapping } from '../../src/mod.ts';
import { withTarget } from '../fixtures/documents.ts';

function codesOf(input: string | Uint8Array, maxBytes?: number): string[] {
  const result = compileMapping(input, maxBytes === undefined ? {} : { maxBytes });
  return result.ok ? [] : result.findings.map(({ code, line, column }) => `${code} ${line}:${column}`);
}

test('bytes and text give the same mapping, with or without a byte order mark', () => {
  const text = withTarget('kafka: t', 'key: ä/${device}');
  assert.deepEqual(codesOf(text), []);
  assert.deepEqual(codesOf(Buffer.from(text)), []);
  assert.deepEqual(codesOf(Buffer.from(`\ufeff${text}`)), []);
});

test('Latin-1 is refused where it begins', () => {
  const text = withTarget('kafka: t', 'key: ä');
  assert.deepEqual(codesOf(Buffer.from(text, 'latin1')), ['file-not-utf8 9:12']);
});

test('a file has a largest size', () => {
  const text = withTarget('kafka: t');
  assert.deepEqual(codesOf(text, text.length), []);
  assert.deepEqual(codesOf(text, text.length - 1), ['file-too-large 1:1']);
  assert.deepEqual(codesOf(Buffer.alloc(600_000, '#')), ['file-too-large 1:1']);
});

test('lines may end as on Windows', () => {
  assert.deepEqual(codesOf(withTarget('kafka: t', 'key: ${device}').replaceAll('\n', '\r\n')), []);
  const trap = withTarget('kafka: t', 'key: {device}/x').replaceAll('\n', '\r\n');
  assert.deepEqual(codesOf(trap), ['yaml-braces 9:12']);
});
