import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue, catalogueSections } from '../src/mod.ts';
import type { MetricDefinition } from '../src/mod.ts';

const sectionPrefixes: Readonly<Record<string, string>> = {
  'mqtt-ingress': 'tributary_ingress_',
  'session-state': 'tributary_session_',
  'topic-mapper': 'tributary_mapper_',
  'kafka-egress': 'tributary_egress_',
  'control-plane': 'tributary_control_',
  'every service': '',
};

test('no name is declared twice', () => {
  const names = Object.values(catalogueSections).flatMap((section) => Object.keys(section));
  assert.deepEqual(names.toSorted(), Object.keys(catalogue).toSorted());
});

for (const [section, metrics] of Object.entries(catalogueSections)) {
  for (const [name, { kind, unit, labels, doc, buckets }] of Object.entries<MetricDefinition>(metrics)) {
    test(`${name} follows the naming rules`, () => {
      assert.match(name, /^[a-z][a-z0-9_]*$/);
      assert.ok(
        name.startsWith(sectionPrefixes[section] ?? 'unknown section'),
        `prefix of section ${section}`,
      );
      assert.equal(
        name.endsWith('_total'),
        kind === 'counter',
        '_total is for counters, and for all of them',
      );
      const base = name.replace(/_total$/, '');
      assert.equal(base.endsWith('_bytes'), unit === 'By', 'a name ends in its unit');
      assert.equal(base.endsWith('_seconds'), unit === 's', 'a name ends in its unit');
      assert.equal(kind === 'histogram', buckets !== undefined);
      assert.deepEqual(
        buckets ?? [],
        (buckets ?? []).toSorted((a, b) => a - b),
      );
      for (const label of labels) assert.match(label, /^[a-z][a-z_]*$/);
      assert.ok(!labels.includes('le'), 'le belongs to the buckets');
      assert.match(doc, /\.$/);
      assert.doesNotMatch(doc, /[|\n]/);
    });
  }
}
