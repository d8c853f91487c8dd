import { compileExpression } from '../expression/compile-expression.ts';
import { createEnvironment } from '../expression/environment.ts';
import type { Expression } from '../expression/expression.ts';
import type { Findings, Position } from '../findings/finding.ts';
import {
  acknowledgements,
  errorPolicies,
  type Acknowledgement,
  type ErrorPolicy,
  type Route,
} from '../plan/route.ts';
import type { TemplateContext } from '../template/compile-template.ts';
import type { TopicPattern } from '../topic/topic-pattern.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { readClusterName, type Defaults } from './defaults-section.ts';
import { readFields, readList, type Fields } from './fields.ts';
import { readSource } from './route-source.ts';
import { readTarget, readTargetFields } from './route-target.ts';
import { isSubjectName, SUBJECT_NAME_RULE, subjectNameLike } from './subject-name.ts';
import { readChoice, readText } from './values.ts';

const KEYS = ['name', 'from', 'when', 'to', 'ack', 'onError'];

/** What the routes of a document share. */
export interface RoutesContext {
  readonly clusterNames: readonly string[];
  readonly defaults: Defaults;
  readonly findings: Findings;
}

/** A route with its place in the file, for findings that need the whole document. */
export interface ReadRoute {
  readonly at: Position;
  readonly path: string;
  readonly name: string | null;
  /** The cluster it names or gets by default, known even if the route has errors. */
  readonly cluster: string | null;
  /** Null if the route has errors. */
  readonly route: Route | null;
}

export function readRoutes(node: YamlNode, context: RoutesContext): ReadRoute[] {
  const items = readList(node, 'a list of routes, each beginning with "- name:"', context.findings);
  return (items ?? []).map((item, index) => readRoute(item, index, context));
}

function readRoute(node: YamlNode, index: number, context: RoutesContext): ReadRoute {
  const { findings } = context;
  const place = { at: node.at, path: node.path };
  const before = findings.errors;
  const fields = readFields(node, KEYS, findings);
  if (fields === null) return { ...place, name: null, cluster: null, route: null };

  const name = readName(fields, findings);
  const from = fields.require('from', 'write from: { mqtt: "sensors/{device}" }');
  const pattern = from === null ? null : readSource(from, findings);
  const to = fields.require('to', 'write to: { kafka: readings }');
  const target = to === null ? null : readTargetFields(to, findings);
  const cluster = target === null ? null : readCluster(target, context);
  const onError = readOnError(fields, context);
  const ack = readAck(fields, context);
  // Without the captures nearly every expression would be reported for names it has.
  if (pattern === null) return { ...place, name, cluster, route: null };

  const templates = templateContext(pattern, findings);
  const when = readWhen(fields.get('when'), templates);
  const records = target === null ? null : readTarget(target, templates);
  if (findings.errors > before || name === null || cluster === null || records === null) {
    return { ...place, name, cluster, route: null };
  }
  const route = { index, name, cluster, pattern, when, onError, ack, ...records };
  return { ...place, name, cluster, route };
}

function readName(fields: Fields, findings: Findings): string | null {
  const node = fields.require('name', 'write name: with a name of its own for the route');
  const text = node === null ? null : readText(node, 'the name of the route', findings);
  if (text === null) return null;
  if (!isSubjectName(text.text)) {
    const message = `"${text.text}" becomes part of subjects and must be ${SUBJECT_NAME_RULE}`;
    findings.report('route-name', text.at, text.path, message, `write ${subjectNameLike(text.text)}`);
  }
  return text.text;
}

function readCluster(target: Fields, { defaults, clusterNames, findings }: RoutesContext): string | null {
  const node = target.get('cluster');
  if (node !== null) return readClusterName(node, clusterNames, findings);
  if (defaults.cluster === null && clusterNames.length > 1) {
    const { at, path } = target.map;
    const message = 'the route names no cluster, and `defaults` has none';
    const suggestion = `write cluster: ${clusterNames[0] ?? ''}, or set it under \`defaults\``;
    findings.report('cluster-not-chosen', at, path, message, suggestion);
  }
  return defaults.cluster;
}

function readOnError(fields: Fields, { defaults, findings }: RoutesContext): ErrorPolicy {
  const node = fields.get('onError');
  return (node && readChoice(node, errorPolicies, findings)) ?? defaults.onError;
}

function readAck(fields: Fields, { defaults, findings }: RoutesContext): Acknowledgement {
  const node = fields.get('ack');
  return (node && readChoice(node, acknowledgements, findings)) ?? defaults.ack;
}

function templateContext(pattern: TopicPattern, findings: Findings): TemplateContext {
  const captures = pattern.captures.map(({ name }) => name);
  return { captures, environment: createEnvironment({ captures, rest: pattern.open }), findings };
}

function readWhen(node: YamlNode | null, { environment, findings }: TemplateContext): Expression | null {
  const text =
    node === null ? null : readText(node, 'an expression that is true or false', findings, 'template');
  const when = text === null ? null : compileExpression(text, environment, findings);
  if (text === null || when === null) return null;
  if (when.type !== 'bool' && when.type !== 'dyn') {
    const message = `the result is of type ${when.type}, not true or false`;
    findings.report(
      'when-not-boolean',
      text.at,
      text.path,
      message,
      'compare it with something: ... == "bus"',
    );
  }
  return when;
}
