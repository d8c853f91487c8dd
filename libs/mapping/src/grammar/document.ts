import type { Findings } from '../findings/finding.ts';
import { Mapping } from '../plan/mapping.ts';
import type { YamlNode } from '../yaml/yaml-node.ts';
import { readClusters } from './clusters-section.ts';
import { readDefaults } from './defaults-section.ts';
import { reportWholeDocument } from './document-findings.ts';
import { readFields, type Fields } from './fields.ts';
import { readRoutes } from './routes-section.ts';
import { readTests } from './tests-section.ts';

const KEYS = ['version', 'clusters', 'defaults', 'routes', 'tests'];
const VERSION = 1;

/** A whole mapping file. Null if there are errors; every section is looked at all the same. */
export function readDocument(node: YamlNode, findings: Findings): Mapping | null {
  const fields = readFields(node, KEYS, findings);
  if (fields === null) return null;
  readVersion(fields, findings);
  const clustersNode = fields.require(
    'clusters',
    'declare a cluster: main: { brokers: ["${env:KAFKA_BROKERS}"] }',
  );
  const clusters = clustersNode === null ? [] : readClusters(clustersNode, findings);
  const clusterNames = clusters.map(({ declaration }) => declaration.name);
  const defaults = readDefaults(fields.get('defaults'), clusterNames, findings);
  const routesNode = fields.require('routes', 'write routes: and below it "- name: ..."');
  const routes = routesNode === null ? [] : readRoutes(routesNode, { clusterNames, defaults, findings });
  const testsNode = fields.get('tests');
  const routeNames = routes.flatMap(({ name }) => name ?? []);
  const tests = testsNode === null ? [] : readTests(testsNode, routeNames, findings);
  reportWholeDocument({ clusters, routes, routesNode, defaults }, findings);
  if (findings.errors > 0) return null;
  return new Mapping({
    clusters: clusters.map(({ declaration }) => declaration),
    routes: routes.flatMap(({ route }) => route ?? []),
    tests,
    defaultCluster: defaults.cluster,
    unmatched: defaults.unmatched,
  });
}

function readVersion(fields: Fields, findings: Findings): void {
  const node = fields.require('version', `write version: ${VERSION} on the first line`);
  if (node === null || (node.kind === 'scalar' && node.value === VERSION)) return;
  if (node.kind === 'broken') return;
  const message = `this gateway knows version ${VERSION} of the mapping language only`;
  findings.report('version-unsupported', node.at, node.path, message, `write version: ${VERSION}`);
}
