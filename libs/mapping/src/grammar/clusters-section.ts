import type { Findings } from '../findings/finding.ts';
import {
  deliveries,
  type ClusterDeclaration,
  type ConfigText,
  type Delivery,
  type TopicCreation,
} from '../plan/cluster.ts';
import type { YamlEntry, YamlNode } from '../yaml/yaml-node.ts';
import { isBrokerAddress } from '../plan/broker-address.ts';
import { constantText, readConfigText } from './config-text.ts';
import { readFields, readMap, type Fields } from './fields.ts';
import { readSasl, readSsl } from './cluster-security.ts';
import { isSubjectName, SUBJECT_NAME_RULE, subjectNameLike } from './subject-name.ts';
import { readBoolean, readChoice, readInteger } from './values.ts';

const KEYS = ['brokers', 'delivery', 'required', 'createTopics', 'ssl', 'sasl'];
const BROKERS_EXPECTED = 'a list of brokers as host:port, like ["${env:KAFKA_BROKERS}"]';

/** A cluster with the place of its name, for findings that need the whole document. */
export interface ReadCluster {
  readonly declaration: ClusterDeclaration;
  readonly entry: YamlEntry;
}

/** The `clusters` section. A cluster with errors is declared all the same, so that routes can name it. */
export function readClusters(node: YamlNode, findings: Findings): ReadCluster[] {
  const map = readMap(node, 'a map of cluster names to clusters', findings);
  return (map?.entries ?? []).map((entry) => ({ entry, declaration: readCluster(entry, findings) }));
}

function readCluster(entry: YamlEntry, findings: Findings): ClusterDeclaration {
  const { key: name, value } = entry;
  if (!isSubjectName(name)) {
    const message = `"${name}" becomes part of subjects and must be ${SUBJECT_NAME_RULE}`;
    findings.report('cluster-name', entry.at, value.path, message, `write ${subjectNameLike(name)}`);
  }
  const fields = readFields(value, KEYS, findings);
  const brokers = fields?.require('brokers', 'write brokers: ["${env:KAFKA_BROKERS}"]') ?? null;
  const required = fields?.get('required') ?? null;
  return {
    name,
    brokers: brokers === null ? [] : readBrokers(brokers, findings),
    delivery: fields === null ? 'at-least-once' : readDelivery(fields, findings),
    required: required === null ? true : (readBoolean(required, findings) ?? true),
    ssl: readSsl(fields?.get('ssl') ?? null, findings),
    sasl: readSasl(fields?.get('sasl') ?? null, findings),
    createTopics: readCreation(fields?.get('createTopics') ?? null, findings),
  };
}

function readBrokers(node: YamlNode, findings: Findings): ConfigText[] {
  const items = node.kind === 'list' ? node.items : [node];
  if (items.length === 0) {
    findings.report('wrong-value', node.at, node.path, 'no broker is named', `write ${BROKERS_EXPECTED}`);
  }
  return items.flatMap((item) => {
    const config = readConfigText(item, BROKERS_EXPECTED, findings);
    const constant = config === null ? null : constantText(config);
    const wrong = constant?.split(',').find((address) => !isBrokerAddress(address.trim()));
    if (wrong !== undefined) {
      const message = `"${wrong}" is not a broker`;
      const suggestion = /^\w+:\/\//.test(wrong) ? 'write it without the protocol' : 'write host:port';
      findings.report('broker-address', item.at, item.path, message, `${suggestion}, like kafka-1:9092`);
    }
    return config === null ? [] : [config];
  });
}

function readDelivery(fields: Fields, findings: Findings): Delivery {
  const node = fields.get('delivery');
  return (node && readChoice(node, deliveries, findings)) ?? 'at-least-once';
}

function readCreation(node: YamlNode | null, findings: Findings): TopicCreation | null {
  if (node === null || (node.kind === 'scalar' && node.value === false)) return null;
  const expected = 'false, or how to create topics: { partitions: 6, replication: 3 }';
  const map = readMap(node, expected, findings);
  const fields = map && readFields(map, ['partitions', 'replication'], findings);
  const partitions = fields?.require('partitions', 'write partitions: 6');
  const replication = fields?.require('replication', 'write replication: 3, or 1 for a single broker');
  if (!partitions || !replication) return null;
  const creation = {
    partitions: readInteger(partitions, 1, 10_000, findings),
    replication: readInteger(replication, 1, 100, findings),
  };
  if (creation.partitions === null || creation.replication === null) return null;
  return { partitions: creation.partitions, replication: creation.replication };
}
