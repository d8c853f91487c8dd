import type { Findings } from '../findings/finding.ts';
import { didYouMean } from '../findings/nearest-name.ts';
import type { ExpectedDeadLetter, ExpectedRecord, MappingTest } from '../tests/mapping-test.ts';
import type { YamlMap, YamlNode } from '../yaml/yaml-node.ts';
import { readFields, readList, readMap, type Fields } from './fields.ts';
import { readTestMessage } from './test-message.ts';
import { plainValue } from '../yaml/plain-value.ts';
import { isExplicitNull, readBoolean, readText } from './values.ts';

const KEYS = ['name', 'message', 'records', 'deadLetters', 'unmatched'];

/** The `tests` section. Tests with errors are left out. */
export function readTests(node: YamlNode, routeNames: readonly string[], findings: Findings): MappingTest[] {
  const items = readList(node, 'a list of tests, each beginning with "- name:"', findings);
  return (items ?? []).flatMap((item) => readTest(item, routeNames, findings) ?? []);
}

function readTest(node: YamlNode, routeNames: readonly string[], findings: Findings): MappingTest | null {
  const before = findings.errors;
  const fields = readFields(node, KEYS, findings);
  if (fields === null) return null;
  const nameNode = fields.require('name', 'write name: with what the test shows');
  const name = nameNode === null ? null : readText(nameNode, 'what the test shows', findings);
  const messageNode = fields.require('message', 'write message: { topic: ..., payload: ... }');
  const message = messageNode === null ? null : readTestMessage(messageNode, findings);
  const records = readEach(fields, 'records', findings, (item) => readRecord(item, routeNames, findings));
  const deadLetters = readEach(fields, 'deadLetters', findings, (item) =>
    readDeadLetter(item, routeNames, findings),
  );
  const unmatchedNode = fields.get('unmatched');
  const unmatched = unmatchedNode === null ? null : readBoolean(unmatchedNode, findings);
  if (records === null && deadLetters === null && unmatchedNode === null) {
    const suggestion = 'write records: [] if it should give none';
    findings.report('missing-key', node.at, node.path, 'the test expects nothing', suggestion);
  }
  if (findings.errors > before || name === null || message === null) return null;
  return { name: name.text, at: node.at, path: node.path, message, records, deadLetters, unmatched };
}

function readEach<T>(
  fields: Fields,
  key: string,
  findings: Findings,
  read: (node: YamlNode) => T | null,
): T[] | null {
  const node = fields.get(key);
  const items = node === null ? null : readList(node, `a list of ${key}`, findings);
  return items?.flatMap((item) => read(item) ?? []) ?? null;
}

function readRecord(
  node: YamlNode,
  routeNames: readonly string[],
  findings: Findings,
): ExpectedRecord | null {
  const keys = ['route', 'cluster', 'topic', 'key', 'value', 'headers'];
  const fields = readFields(node, keys, findings);
  if (fields === null) return null;
  const record: { -readonly [K in keyof ExpectedRecord]: ExpectedRecord[K] } = { at: node.at };
  for (const name of ['route', 'cluster', 'topic'] as const) {
    const text = readOptionalText(fields, name, findings);
    if (text !== null) record[name] = text;
    if (name === 'route' && text !== null) checkRoute(fields, text, routeNames, findings);
  }
  const key = fields.get('key');
  if (key !== null) record.key = isExplicitNull(key) ? null : readOptionalText(fields, 'key', findings);
  const value = fields.get('value');
  if (value !== null) record.value = plainValue(value);
  const headers = fields.get('headers');
  if (headers !== null)
    record.headers = readHeaders(readMap(headers, 'a map of headers', findings), findings);
  return record;
}

function readDeadLetter(
  node: YamlNode,
  routeNames: readonly string[],
  findings: Findings,
): ExpectedDeadLetter | null {
  const fields = readFields(node, ['route', 'code'], findings);
  if (fields === null) return null;
  const route = readOptionalText(fields, 'route', findings);
  const code = readOptionalText(fields, 'code', findings);
  if (route !== null) checkRoute(fields, route, routeNames, findings);
  return { at: node.at, ...(route === null ? {} : { route }), ...(code === null ? {} : { code }) };
}

function checkRoute(fields: Fields, name: string, routeNames: readonly string[], findings: Findings): void {
  const node = fields.get('route');
  if (node === null || routeNames.includes(name)) return;
  const message = `there is no route "${name}"`;
  findings.report('wrong-value', node.at, node.path, message, didYouMean(name, routeNames));
}

function readHeaders(map: YamlMap | null, findings: Findings): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { key, value } of map?.entries ?? []) {
    headers[key] = readText(value, 'the text of a header', findings)?.text ?? '';
  }
  return headers;
}

function readOptionalText(fields: Fields, key: string, findings: Findings): string | null {
  const node = fields.get(key);
  return node === null ? null : (readText(node, 'text', findings)?.text ?? null);
}
