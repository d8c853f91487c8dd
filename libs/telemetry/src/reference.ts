import { catalogueSections } from './catalogue.ts';
import type { MetricDefinition } from './definition.ts';

const unitNames: Readonly<Record<string, string>> = { '1': '', By: 'bytes', s: 'seconds' };

/** The text of `docs/metrics.md`. */
export function renderMetricsReference(): string {
  const lines = [
    '# Metrics',
    '',
    'Every service answers `GET /metrics` on its HTTP port in the Prometheus text format. A metric appears once the',
    'service uses it. This page is generated from `libs/telemetry/src/catalogue.ts` by `npm run docs`.',
  ];
  for (const [section, metrics] of Object.entries(catalogueSections)) {
    lines.push(
      '',
      `## ${section}`,
      '',
      '| metric | kind | unit | labels | meaning |',
      '| --- | --- | --- | --- | --- |',
    );
    for (const [name, definition] of Object.entries<MetricDefinition>(metrics))
      lines.push(row(name, definition));
  }
  return lines.join('\n') + '\n';
}

function row(name: string, { kind, unit, labels, doc }: MetricDefinition): string {
  const unitName = unitNames[unit] ?? unit.replace(/^\{(.*)\}$/, '$1s');
  return `| \`${name}\` | ${kind} | ${unitName} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${doc} |`;
}
