import type { Findings, Position } from '../findings/finding.ts';
import type { Template } from '../template/template.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { readList, type Fields } from './fields.ts';
import { readText, type Text } from './values.ts';

const LEGAL = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * The Kafka topics a route may produce to: the one its template always gives, or those that `topics` lists.
 * Null with a finding if that set is not known.
 */
export function readTopics(
  fields: Fields,
  template: Template | null,
  kafka: YamlNode,
  findings: Findings,
): readonly string[] | null {
  const node = fields.get('topics');
  const listed = node === null ? null : readTopicList(node, findings);
  if (template === null) return null;
  const { constant } = template;
  if (constant !== null && !checkTopicName(constant, kafka.at, kafka.path, findings)) return null;
  if (node === null) {
    if (constant !== null) return [constant];
    const message = 'the topic depends on the message; a device could make up any number of topics';
    const suggestion = 'add topics: [...] with every topic it may be';
    findings.report('topics-missing', kafka.at, kafka.path, message, suggestion);
    return null;
  }
  if (listed === null) return null;
  if (constant !== null && !listed.some(({ text }) => text === constant)) {
    const message = `topics does not list "${constant}", the only topic of this route`;
    findings.report(
      'topics-incomplete',
      node.at,
      node.path,
      message,
      'remove topics, or add the topic to it',
    );
    return null;
  }
  for (const { text, at, path } of listed) {
    if (couldBe(template, text)) continue;
    const message = `the template never gives "${text}"`;
    findings.report(
      'topics-unreachable',
      at,
      path,
      message,
      'correct the name or the template, or remove it',
    );
  }
  return constant !== null ? [constant] : listed.map(({ text }) => text);
}

function readTopicList(node: YamlNode, findings: Findings): Text[] | null {
  const items = readList(node, 'a list of Kafka topics, like [readings, alarms]', findings);
  if (items === null) return null;
  if (items.length === 0) {
    findings.report('wrong-value', node.at, node.path, 'topics lists nothing', 'list every topic it may be');
  }
  return items.flatMap((item) => {
    const text = readText(item, 'the name of a Kafka topic', findings);
    return text !== null && checkTopicName(text.text, text.at, text.path, findings) ? [text] : [];
  });
}

/** Whether the fixed parts of a template leave room for a name. */
function couldBe(template: Template, name: string): boolean {
  const pattern = template.parts.map((part) =>
    typeof part === 'string' ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : '.*',
  );
  return new RegExp(`^${pattern.join('')}$`, 's').test(name);
}

function checkTopicName(name: string, at: Position, path: string, findings: Findings): boolean {
  if (LEGAL.test(name) && name !== '.' && name !== '..') return true;
  const message = `Kafka refuses the topic name "${name}"`;
  const meant =
    name
      .replace(/[^a-zA-Z0-9._-]+/g, '.')
      .replace(/^\.+|\.+$/g, '')
      .slice(0, 249) || 'a-name';
  const suggestion = `use 1 to 249 letters, digits, ".", "_" and "-", like ${meant}`;
  findings.report('kafka-topic-name', at, path, message, suggestion);
  return false;
}
