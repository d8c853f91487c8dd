import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from '../../src/pipeline/parse-json.ts';

for (const [text, value] of [
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', 9007199254740993n],
  ['[-12345678901234567890, 1]', [-12345678901234567890n, 1]],
  ['{"a":{"ns":1700000000123456789}}', { a: { ns: 1700000000123456789n } }],
  ['12345678901234567890.5', 12345678901234567890.5],
  ['1e30', 1e30],
  ['"12345678901234567890"', '12345678901234567890'],
] as const) {
  test(text, () => assert.deepEqual(parseJson(text), value));
}

test('a long number is found wherever it stands', () => {
  fc.assert(
    fc.property(fc.nat({ max: 40 }), fc.bigInt({ min: 2n ** 53n, max: 10n ** 30n }), (blanks, number) => {
      const exact = Number.isSafeInteger(Number(number)) ? Number(number) : number;
      assert.deepEqual(parseJson(`${' '.repeat(blanks)}[${number}, "x"]`), [exact, 'x']);
    }),
  );
});

test('all other JSON is as JSON.parse has it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const plain: unknown = JSON.parse(text);
      assert.deepEqual(
        JSON.stringify(parseJson(text), (_key, each: unknown) =>
          typeof each === 'bigint' ? Number(each) : each,
        ),
        JSON.stringify(plain),
      );
    }),
  );
});
