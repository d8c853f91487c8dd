import { cpus } from 'node:os';
import { DELIVERIES } from '../platform/deliveries.ts';
import { profiles } from '../platform/profiles.ts';
import type { Row, RowReport } from '../row.ts';
import { sessionFigures } from './summary.ts';

const cell = (value: string | number): string => String(value).replaceAll('|', '\\|');

/** The page that a whole run leaves behind: what is promised, what was counted, and how to count it again. */
export function guaranteesPage(reports: readonly RowReport[], left: readonly Row[], devices: number): string {
  const seed = reports[0]?.seed ?? 0;
  const ran = reports.filter(({ skipped }) => skipped === null);
  const skipped = reports.filter((report) => report.skipped !== null);
  const sum = (value: (report: RowReport) => number): string =>
    ran.reduce((total, report) => total + value(report), 0).toLocaleString('en');
  const failed = ran.filter(({ failures }) => failures.length > 0);
  return [
    '# Guarantees under faults',
    '',
    `<!-- Written by a whole run of \`npm run faults\`; edit tools/faults/src/report/guarantees-page.ts instead. -->`,
    '',
    ...INTRODUCTION,
    '',
    `The run: seed ${seed}, ${devices} devices in each row, ${ran.length} rows with ${sum((r) => r.published)} messages ` +
      `published and ${sum((r) => r.acknowledged)} acknowledged; ${failed.length} rows failed. ` +
      `Machine: ${machine()}. Everything on it: devices, services, servers and the counting.`,
    '',
    `\`npm run faults -- --seed ${seed}\` repeats it, \`npm run faults -- --seed ${seed} --only ROW\` one row of it.`,
    '',
    ...Object.entries(profiles).flatMap(([name, { title }]) =>
      table(
        title,
        ran.filter(({ profile }) => profile === name),
      ),
    ),
    ...section('Not run', [
      ...skipped.map(({ name, skipped: why }) => `- \`${name}\`: ${why}`),
      ...left.map(({ name }) => `- \`${name}\`: the run was ended before`),
    ]),
    '## What shows that each fault bit',
    '',
    ...ran.flatMap(evidence),
  ].join('\n');
}

const INTRODUCTION = [
  'Numbered messages from hundreds of MQTT connections (3.1.1 and 5; a tenth at QoS 0, seven tenths at QoS 1, a fifth at QoS',
  '2) flow through the whole platform while it is broken in one way after the other. Devices reconnect and send again what',
  'was not acknowledged, as real ones do. kcat, which shares no code with Tributary, reads what is committed in Kafka; that is',
  'compared with what each device knows.',
  '',
  '- **published**: messages that devices began to publish. **acknowledged**: those with a PUBACK or PUBCOMP; QoS 0 has none.',
  '- **lost**: acknowledged and not in Kafka. **reordered**: came first behind a later message of the same device. Both must',
  '  be 0, whatever happens.',
  '- **twice**: there more often than its device sent it. Must be 0 with `exactly-once`. With `at-least-once` it may not be',
  '  where a fault meets what sends to Kafka, and must be 0 elsewhere.',
  '- **resent**: copies that devices themselves sent of what was not acknowledged in time. MQTT lets them arrive.',
  '- **sessions**: two more devices, whose sessions outlive their connections, are subscribed to all of it at QoS 2. They drop',
  '  their connections every few seconds and go on at the other node. Lost, reordered, and received more often than sent of what was',
  '  published at QoS 2: all must be 0. What was published at QoS 1 may come again.',
  '- **recovered**: from the end of the fault until all that had been acknowledged by then was in Kafka.',
  '',
  'A fault that leaves no trace, or strikes when no message is under way, fails its row: see the last section.',
];

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines, ''];
}

function table(title: string, rows: readonly RowReport[]): string[] {
  if (rows.length === 0) return [];
  const twice = DELIVERIES.map((delivery) => `twice, ${delivery}`);
  const columns = [
    'row',
    'what happens',
    'published',
    'acknowledged',
    'resent',
    'lost',
    'reordered',
    ...twice,
    'sessions: lost / reordered / twice',
    'recovered',
  ];
  const lines = rows.map((report) => {
    const verdicts = DELIVERIES.map((delivery) => report.verdicts[delivery]);
    const worst = (value: 'lost' | 'reordered'): string =>
      verdicts.some((one) => one === undefined)
        ? '?'
        : String(Math.max(...verdicts.map((one) => one?.[value] ?? 0)));
    return [
      `${report.failures.length === 0 ? '' : '**failed** '}\`${report.name}\``,
      report.title,
      report.published,
      report.acknowledged,
      report.resent,
      worst('lost'),
      worst('reordered'),
      ...verdicts.map((one) => one?.duplicated ?? '?'),
      sessionFigures(report),
      `${(report.recoveryMs / 1_000).toFixed(1)} s`,
    ];
  });
  const line = (cells: readonly (string | number)[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [
    `## On ${title}`,
    '',
    line(columns),
    line(columns.map((_, n) => (n < 2 ? '---' : '--:'))),
    ...lines.map(line),
    '',
  ];
}

function evidence({ name, seed, evidence: facts, failures }: RowReport): string[] {
  return [
    `### ${name}`,
    '',
    `\`npm run faults -- --seed ${seed} --only ${name}\``,
    '',
    ...facts.map((fact) => `- ${fact}`),
    ...failures.map((failure) => `- **failed**: ${failure}`),
    '',
  ];
}

function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} cores${cpu === undefined ? '' : ` (${cpu.model.trim()})`}, Node ${process.version}`;
}
