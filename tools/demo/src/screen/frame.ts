import type { View } from './view.ts';

const NARROWEST = 40;
const WIDEST_BAR = 60;

/** The whole view as lines no wider than `columns`. */
export function frame(view: View, columns: number): string[] {
  const width = Math.max(columns, NARROWEST);
  const refused = view.refused > 0 ? `, ${number(view.refused)} refused` : '';
  const resent = view.resent > 0 ? `, ${number(view.resent)} sent again` : '';
  const late = view.published - view.acknowledged - view.refused;
  const rows: [name: string, count: string, rest: string][] = [
    [
      'connections',
      number(view.online),
      `of ${number(view.connections)}, ${count(view.reconnects, 'reconnect')}`,
    ],
    ['published', number(view.published), `of ${number(view.messages)}  ${rate(view.publishRate)}${resent}`],
    view.acknowledges
      ? ['acknowledged', number(view.acknowledged), `${number(late)} open${refused}`]
      : ['acknowledged', '-', 'QoS 0 is not'],
    ['in the log', `${view.logComplete ? '' : '>= '}${number(view.inLog)}`, ''],
    ['in Kafka', number(view.inKafka), `${rate(view.kafkaRate)}, ${number(view.missing)} to come`],
    ['latency', milliseconds(view.p50Ms), `p50, ${milliseconds(view.p99Ms)} p99, from device to Kafka`],
  ];
  const lines = [
    progressLine(view, width),
    '',
    ...rows.map(([name, value, rest]) => `  ${name.padEnd(13)}${value.padStart(11)}  ${rest}`),
    '',
    ...topicLines(view.topics, width),
  ];
  return lines.map((line) => line.slice(0, width).trimEnd());
}

/** The view as one line of a log. */
export function summary(view: View): string {
  const parts = [
    `${time(view.elapsedMs)} ${view.phase}`,
    `connections ${number(view.online)}`,
    `published ${number(view.published)}`,
    ...(view.acknowledges ? [`acknowledged ${number(view.acknowledged)}`] : []),
    `in the log ${view.logComplete ? '' : '>= '}${number(view.inLog)}`,
    `in Kafka ${number(view.inKafka)}`,
    rate(view.kafkaRate),
    `p50 ${milliseconds(view.p50Ms)}`,
    `p99 ${milliseconds(view.p99Ms)}`,
    ...(view.reconnects > 0 ? [`reconnects ${number(view.reconnects)}`] : []),
    ...(view.resent > 0 ? [`sent again ${number(view.resent)}`] : []),
  ];
  return parts.join('  ');
}

/** Records per Kafka topic in as many columns as fit, the largest first. */
export function topicLines(topics: ReadonlyMap<string, number>, width: number): string[] {
  const cells = [...topics]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([topic, records]) => [topic, number(records)] as const);
  if (cells.length === 0) return ['  nothing in Kafka yet'];
  const nameWidth = Math.max(...cells.map(([topic]) => topic.length));
  const countWidth = Math.max(...cells.map(([, records]) => records.length), 6);
  const cellWidth = nameWidth + countWidth + 5;
  const across = Math.max(1, Math.floor((width - 2) / cellWidth));
  const down = Math.ceil(cells.length / across);
  return Array.from({ length: down }, (_, row) => {
    // Read downwards, as a table of contents is.
    const line = cells.filter((_cell, i) => i % down === row);
    const text = line.map(
      ([topic, records]) => `${topic.padEnd(nameWidth)} ${records.padStart(countWidth)}    `,
    );
    return `  ${text.join('')}`.trimEnd();
  });
}

function progressLine(view: View, width: number): string {
  const { phase, elapsedMs, expectedMs, round, speed } = view;
  const where = `${round > 1 ? `round ${round}, ` : ''}${phase}`;
  if (phase === 'done') return `  ${where}`;
  if (phase !== 'replaying') return `  ${where} ... ${time(elapsedMs)}`;
  const left = `  ${where} at ${speed} times the speed  `;
  const right = `  ${time(elapsedMs)} of ${time(expectedMs)}`;
  const room = Math.min(width - left.length - right.length - 2, WIDEST_BAR);
  if (room < 5) return `${left}${right}`;
  const full = Math.round(room * Math.min(1, elapsedMs / Math.max(1, expectedMs)));
  return `${left}[${'='.repeat(full)}${' '.repeat(room - full)}]${right}`;
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

function rate(value: number): string {
  return `${number(value)}/s`;
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '-';
  return value < 10 ? `${value.toFixed(1)} ms` : `${number(value)} ms`;
}

function time(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
