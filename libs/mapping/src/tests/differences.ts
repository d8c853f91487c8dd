import { isDeepStrictEqual } from 'node:util';
import type { Position } from '../findings/finding.ts';
import type { PlainValue } from '../yaml/plain-value.ts';
import type { ExpectedDeadLetter, ExpectedRecord, MappingTest } from './mapping-test.ts';
import type { Outcome, OutcomeFailure, OutcomeRecord } from './outcome.ts';

/** Something a test expects otherwise. */
export interface Difference {
  readonly at: Position;
  /** As `records[0].key: expected "a", got "b"`. */
  readonly text: string;
}

/** Compares what a test mentions; an expectation it does not mention is met. */
export function differences(test: MappingTest, outcome: Outcome): Difference[] {
  const found: Difference[] = [];
  if (test.records !== null) found.push(...recordDifferences(test.records, test.at, outcome));
  if (test.deadLetters !== null)
    found.push(...failureDifferences(test.deadLetters, test.at, outcome.failures));
  if (test.unmatched !== null && test.unmatched !== outcome.unmatched) {
    found.push({ at: test.at, text: `unmatched: expected ${test.unmatched}, got ${outcome.unmatched}` });
  }
  return found;
}

function recordDifferences(
  expected: readonly ExpectedRecord[],
  at: Position,
  { records, failures, unmatched }: Outcome,
): Difference[] {
  if (expected.length !== records.length) {
    const got = records.map(({ route, topic }) => `${route.name} -> ${topic}`);
    const why = failures.map(({ route, code, reason }) => `${route.name} failed (${code}): ${reason}`);
    if (unmatched) why.push('no route takes the message');
    const details = [...got, ...why].map((line) => `\n  ${line}`).join('');
    return [{ at, text: `records: expected ${expected.length}, got ${records.length}${details}` }];
  }
  return expected.flatMap((record, index) => {
    const actual = records[index];
    if (actual === undefined) return [];
    return fieldDifferences(record, actual).map((text) => ({
      at: record.at,
      text: `records[${index}].${text}`,
    }));
  });
}

function fieldDifferences(expected: ExpectedRecord, actual: OutcomeRecord): string[] {
  const found: string[] = [];
  const compare = (field: string, want: unknown, got: unknown) => {
    if (want === undefined || isDeepStrictEqual(want, got)) return;
    found.push(`${field}: expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
  };
  compare('route', expected.route, actual.route.name);
  compare('cluster', expected.cluster, actual.route.cluster);
  compare('topic', expected.topic, actual.topic);
  compare('key', expected.key, actual.key);
  compare('value', expected.value, comparableValue(expected.value, actual.value));
  for (const [name, want] of Object.entries(expected.headers ?? {})) {
    const values = actual.headers.filter(([header]) => header === name).map(([, value]) => value);
    if (!values.includes(want)) compare(`headers.${name}`, want, values.at(-1) ?? null);
  }
  return found;
}

/** A value is compared as JSON if the test writes anything but a text. */
function comparableValue(expected: PlainValue | undefined, actual: string): unknown {
  if (expected === undefined || typeof expected === 'string') return actual;
  try {
    const value: unknown = JSON.parse(actual);
    return value;
  } catch {
    return actual;
  }
}

function failureDifferences(
  expected: readonly ExpectedDeadLetter[],
  at: Position,
  failures: readonly OutcomeFailure[],
): Difference[] {
  if (expected.length !== failures.length) {
    const got = failures.map(({ route, code, reason }) => `\n  ${route.name} (${code}): ${reason}`).join('');
    return [{ at, text: `deadLetters: expected ${expected.length}, got ${failures.length}${got}` }];
  }
  return expected.flatMap((failure, index) => {
    const actual = failures[index];
    const place = `deadLetters[${index}]`;
    const found: Difference[] = [];
    if (failure.route !== undefined && failure.route !== actual?.route.name) {
      const text = `${place}.route: expected "${failure.route}", got "${actual?.route.name ?? ''}"`;
      found.push({ at: failure.at, text });
    }
    if (failure.code !== undefined && failure.code !== actual?.code) {
      const text = `${place}.code: expected "${failure.code}", got "${actual?.code ?? ''}" (${actual?.reason ?? ''})`;
      found.push({ at: failure.at, text });
    }
    return found;
  });
}
