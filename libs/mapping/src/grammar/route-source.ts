import { isReservedName } from '../expression/environment.ts';
import type { Findings } from '../findings/finding.ts';
import { parseTopicPattern, type TopicPattern } from '../topic/topic-pattern.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { readFields } from './fields.ts';
import { readText, type Text } from './values.ts';

const EXPECTED = 'a topic filter, like sensors/{device}/+/#';

/** `from`: the topic filter of a route; null with a finding if there is none. */
export function readSource(node: YamlNode, findings: Findings): TopicPattern | null {
  const fields = readFields(node, ['mqtt', 'kafka'], findings);
  if (fields === null) return null;
  const kafka = fields.get('kafka');
  if (kafka !== null) {
    reportWayBack(kafka, 'from: kafka', findings);
    return null;
  }
  const mqtt = fields.require('mqtt', `write mqtt: ${EXPECTED.split(' ').at(-1) ?? ''}`);
  const text = mqtt === null ? null : readText(mqtt, EXPECTED, findings, 'captures');
  return text === null ? null : readPattern(text, findings);
}

/** `from: kafka` and `to: mqtt` have their place in the grammar already, so that no other meaning takes it. */
export function reportWayBack(node: YamlNode, what: string, findings: Findings): void {
  const message = `${what}: the way from Kafka to MQTT is not available yet`;
  findings.report('kafka-to-mqtt-not-yet', node.at, node.path, message, 'remove the route for now');
}

function readPattern(text: Text, findings: Findings): TopicPattern {
  const { pattern, problems } = parseTopicPattern(text.text);
  for (const { code, index, message, suggestion } of problems) {
    findings.report(code, text.positionOf(index), text.path, message, suggestion);
  }
  const reserved = pattern.captures.filter(({ name }) => isReservedName(name));
  for (const { name } of reserved) {
    const at = text.positionOf(text.text.indexOf(`{${name}}`));
    const message = `\`${name}\` means something else in expressions`;
    findings.report(
      'reserved-capture',
      at,
      text.path,
      message,
      `write {${name}Level}, or + if you do not need it`,
    );
  }
  return { ...pattern, captures: pattern.captures.filter((capture) => !reserved.includes(capture)) };
}
