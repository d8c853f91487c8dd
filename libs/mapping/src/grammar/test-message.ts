import type { MessageProperties } from '../expression/properties-view.ts';
import type { Findings } from '../findings/finding.ts';
import type { TestMessage } from '../tests/mapping-test.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { readFields, reportType, type Fields } from './fields.ts';
import { plainValue } from '../yaml/plain-value.ts';
import { readBoolean, readInteger, readText } from './values.ts';

const KEYS = ['topic', 'payload', 'payloadBase64', 'qos', 'retain', 'client', 'properties', 'received'];
const PROPERTY_KEYS = [
  'payloadFormat',
  'messageExpiry',
  'contentType',
  'responseTopic',
  'correlationData',
  'user',
];

/** `message` of a test; null with a finding. What it leaves out is as a simple publish would have it. */
export function readTestMessage(node: YamlNode, findings: Findings): TestMessage | null {
  const fields = readFields(node, KEYS, findings);
  const topicNode = fields?.require('topic', 'write topic: with the topic the message is published to');
  if (fields === null || !topicNode) return null;
  const before = findings.errors;
  const topic = readTopic(topicNode, findings);
  const qos = fields.get('qos');
  const retain = fields.get('retain');
  const message = {
    topic: topic ?? '',
    payload: readPayload(fields, findings),
    qos: qos === null ? 0 : asQos(readInteger(qos, 0, 2, findings)),
    retain: retain === null ? false : (readBoolean(retain, findings) ?? false),
    client: textOr(fields.get('client'), 'test', findings),
    receivedMs: readTime(fields.get('received'), findings),
    properties: readProperties(fields.get('properties'), findings),
  };
  return findings.errors > before ? null : message;
}

function readTopic(node: YamlNode, findings: Findings): string | null {
  const text = readText(node, 'a topic', findings);
  if (text === null) return null;
  if (text.text === '' || /[+#\0]/.test(text.text)) {
    const message = 'a message has a topic without wildcards [MQTT-3.3.2-2]';
    findings.report('message-topic', text.at, text.path, message, 'write the topic a device publishes to');
  }
  return text.text;
}

/** Text as it is; a map or list as JSON; bytes in base64. */
function readPayload(fields: Fields, findings: Findings): Uint8Array {
  const base64 = fields.get('payloadBase64');
  if (base64 !== null) return Buffer.from(textOr(base64, '', findings), 'base64');
  const node = fields.get('payload');
  if (node === null) return new Uint8Array(0);
  if (node.kind === 'map' || node.kind === 'list') return Buffer.from(JSON.stringify(plainValue(node)));
  return Buffer.from(textOr(node, '', findings), 'utf8');
}

function readTime(node: YamlNode | null, findings: Findings): number {
  if (node === null) return 0;
  const expected = 'a time like 2026-01-31T12:00:00Z';
  const text = readText(node, expected, findings);
  const time = text === null ? 0 : Date.parse(text.text);
  if (!Number.isNaN(time) && (text === null || /(Z|[+-]\d\d:\d\d)$/.test(text.text))) return time;
  reportType(node, expected, findings);
  return 0;
}

function readProperties(node: YamlNode | null, findings: Findings): MessageProperties | null {
  const fields = node === null ? null : readFields(node, PROPERTY_KEYS, findings);
  if (fields === null) return null;
  const number = (key: string, max: number): number | undefined => {
    const value = fields.get(key);
    return value === null ? undefined : (readInteger(value, 0, max, findings) ?? undefined);
  };
  const text = (key: string): string | undefined => {
    const value = fields.get(key);
    return value === null ? undefined : textOr(value, '', findings);
  };
  const correlation = text('correlationData');
  const format = number('payloadFormat', 1);
  return {
    payloadFormat: format === undefined ? undefined : format === 1 ? 1 : 0,
    messageExpiry: number('messageExpiry', 0xffff_ffff),
    contentType: text('contentType'),
    responseTopic: text('responseTopic'),
    correlationData: correlation === undefined ? undefined : Buffer.from(correlation, 'utf8'),
    userProperties: readUserProperties(fields.get('user'), findings),
  };
}

/** A map, or a list of [name, value] if a name repeats. */
function readUserProperties(node: YamlNode | null, findings: Findings): [string, string][] {
  if (node === null) return [];
  if (node.kind === 'map') {
    return node.entries.map(({ key, value }) => [key, textOr(value, '', findings)]);
  }
  if (node.kind !== 'list') {
    reportType(node, 'a map of names to texts, or a list of [name, value]', findings);
    return [];
  }
  return node.items.flatMap((item) => {
    const [name, value, more] = item.kind === 'list' ? item.items : [];
    if (name && value && !more) return [[textOr(name, '', findings), textOr(value, '', findings)]];
    reportType(item, '[name, value]', findings);
    return [];
  });
}

function textOr(node: YamlNode | null, fallback: string, findings: Findings): string {
  if (node === null) return fallback;
  return readText(node, 'text', findings)?.text ?? fallback;
}

function asQos(value: number | null): 0 | 1 | 2 {
  return value === 1 || value === 2 ? value : 0;
}
