import type { Findings } from '../findings/finding.ts';
import { defaultHeaderNames } from '../pipeline/default-headers.ts';
import type { HeaderTemplate, Route } from '../plan/route.ts';
import { compileTemplate, type TemplateContext } from '../template/compile-template.ts';
import type { Template } from '../template/template.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { readFields, readMap, type Fields } from './fields.ts';
import { readJsonValue } from './json-value.ts';
import { readTopics } from './kafka-topics.ts';
import { reportWayBack } from './route-source.ts';
import { isExplicitNull, readText } from './values.ts';

const KEYS = ['kafka', 'topics', 'cluster', 'key', 'value', 'headers', 'mqtt'];
const MAX_NAME_BYTES = 65_535;

/** What `to` says about the records of a route, and the node that names its cluster. */
export type Target = Pick<Route, 'topic' | 'topics' | 'key' | 'value' | 'headers'>;

export function readTargetFields(node: YamlNode, findings: Findings): Fields | null {
  const fields = readFields(node, KEYS, findings);
  const mqtt = fields?.get('mqtt') ?? null;
  if (mqtt === null) return fields;
  reportWayBack(mqtt, 'to: mqtt', findings);
  return null;
}

/** Null with at least one finding if a part of it is wrong. All parts are looked at. */
export function readTarget(fields: Fields, context: TemplateContext): Target | null {
  const { findings } = context;
  const before = findings.errors;
  const kafka = fields.require('kafka', 'write kafka: with the name of the Kafka topic');
  const topic = kafka === null ? null : readTemplate(kafka, 'a Kafka topic', 'to.kafka', context);
  const topics = kafka === null ? null : readTopics(fields, topic, kafka, findings);
  const key = readKey(fields.get('key'), context);
  const value = readValue(fields.get('value'), context);
  const headers = readHeaders(fields.get('headers'), context);
  if (topic === null || topics === null || findings.errors > before) return null;
  return { topic, topics, key, value, headers };
}

function readTemplate(
  node: YamlNode,
  expected: string,
  place: string,
  context: TemplateContext,
): Template | null {
  const text = readText(node, expected, context.findings, 'template');
  return text === null ? null : compileTemplate(text, place, context);
}

function readKey(node: YamlNode | null, context: TemplateContext): Template | null {
  if (node === null) return topicAsKey(context);
  if (isExplicitNull(node)) return null;
  return readTemplate(node, 'a template, or null for records without a key', 'to.key', context);
}

/** The default: messages of one MQTT topic stay in order. */
function topicAsKey(context: TemplateContext): Template | null {
  const at = { line: 1, column: 1 };
  const source = { text: '${topic}', path: '', comment: null, positionOf: () => at };
  return compileTemplate(source, 'to.key', context);
}

function readValue(node: YamlNode | null, context: TemplateContext): Route['value'] {
  if (node === null) return null;
  if (node.kind !== 'scalar') return readJsonValue(node, 'to.value', context);
  return readTemplate(node, 'a template or a map that becomes JSON', 'to.value', context);
}

function readHeaders(node: YamlNode | null, context: TemplateContext): HeaderTemplate[] {
  const { findings } = context;
  const map = node === null ? null : readMap(node, 'a map of header names to templates', findings);
  return (map?.entries ?? []).flatMap(({ key: name, at, value: valueNode }) => {
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
      const message = 'the name of a header has at most 65,535 bytes';
      findings.report('header-name', at, valueNode.path, message, 'shorten it');
    }
    if (defaultHeaderNames.includes(name)) {
      const message = `every record carries the header \`${name}\` already; this adds a second one`;
      findings.report('header-reserved', at, valueNode.path, message, 'give the header a name of its own');
    }
    const value = readTemplate(valueNode, 'a template', `to.headers.${name}`, context);
    return value === null ? [] : [{ name, value }];
  });
}
