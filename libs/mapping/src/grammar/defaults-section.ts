import type { Findings } from '../findings/finding.ts';
import { didYouMean } from '../findings/nearest-name.ts';
import {
  acknowledgements,
  errorPolicies,
  unmatchedPolicies,
  type Acknowledgement,
  type ErrorPolicy,
  type UnmatchedPolicy,
} from '../plan/route.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { readFields } from './fields.ts';
import { readChoice, readText } from './values.ts';

export interface Defaults {
  /** The cluster of routes that name none; null if there is no such default. */
  readonly cluster: string | null;
  readonly onError: ErrorPolicy;
  readonly ack: Acknowledgement;
  readonly unmatched: UnmatchedPolicy;
}

/** The `defaults` section, or what holds without it. A single cluster is the default by itself. */
export function readDefaults(
  node: YamlNode | null,
  clusterNames: readonly string[],
  findings: Findings,
): Defaults {
  const fields =
    node === null ? null : readFields(node, ['cluster', 'onError', 'ack', 'unmatched'], findings);
  const cluster = fields?.get('cluster') ?? null;
  const onError = fields?.get('onError') ?? null;
  const ack = fields?.get('ack') ?? null;
  const unmatched = fields?.get('unmatched') ?? null;
  const only = clusterNames.length === 1 ? (clusterNames[0] ?? null) : null;
  return {
    cluster: cluster === null ? only : readClusterName(cluster, clusterNames, findings),
    onError: (onError && readChoice(onError, errorPolicies, findings)) ?? 'deadLetter',
    ack: (ack && readChoice(ack, acknowledgements, findings)) ?? 'log',
    unmatched: (unmatched && readChoice(unmatched, unmatchedPolicies, findings)) ?? 'drop',
  };
}

/** The name of a cluster, with a finding if none of this name is declared. */
export function readClusterName(
  node: YamlNode,
  clusterNames: readonly string[],
  findings: Findings,
): string | null {
  const text = readText(node, 'the name of a cluster', findings);
  if (text === null || clusterNames.includes(text.text)) return text?.text ?? null;
  const message = `no cluster "${text.text}" is declared under \`clusters\``;
  const suggestion = clusterNames.length === 0 ? 'declare it' : didYouMean(text.text, clusterNames);
  findings.report('unknown-cluster', text.at, text.path, message, suggestion);
  return text.text;
}
