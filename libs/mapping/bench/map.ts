/*
 * What one message costs in the pipeline: `node bench/map.ts [messages]`. Prints nanoseconds of CPU
 * per message (all threads, so with garbage collection), the best of five rounds; asserts nothing, because
 * machines differ.
 */
import { compileMapping, type MappedMessage, type PipelineOptions, type RecordSink } from '../src/mod.ts';

const MESSAGES = Number(process.argv[2] ?? 300_000);
const ROUNDS = 5;

const head = `
version: 1
clusters: { main: { brokers: ["localhost:9092"] } }
routes:
  - name: positions
    from: { mqtt: "/hfp/v2/journey/+/{event}/{mode}/{operator}/{vehicle}/#" }
`;
const topics = 'kafka: "vehicles.${event}", topics: [vehicles.vp, vehicles.due]';

const cases: readonly (readonly [name: string, route: string, distinctTopics: number])[] = [
  ['defaults only, cached topic', `    to: { kafka: positions }`, 1000],
  [
    'section 7: when, topic and key by captures, header',
    `    when: mode in ["bus", "tram"]\n    to: { ${topics}, key: "\${operator}/\${vehicle}", headers: { mode: "\${mode}" } }`,
    1000,
  ],
  ['the same, key by client and vehicle', `    to: { ${topics}, key: "\${client}/\${vehicle}" }`, 1000],
  ['condition on qos', `    when: qos > 0\n    to: { ${topics} }`, 1000],
  ['JSON decoded: key by payload.VP.veh', `    to: { ${topics}, key: "\${payload.VP.veh}" }`, 1000],
  [
    'JSON rebuilt: value of four fields',
    `    to: { ${topics}, value: { veh: "\${payload.VP.veh}", at: "\${received}", lat: "\${payload.VP.lat}", mode: "\${mode}" } }`,
    1000,
  ],
  ['section 7, every topic new', `    to: { ${topics}, key: "\${operator}/\${vehicle}" }`, Infinity],
];

const payload = Buffer.from(
  '{"VP":{"desi":"400","dir":"1","oper":12,"veh":1913,"tst":"2023-10-29T13:24:10.684Z","tsi":1698585850,' +
    '"spd":4.53,"hdg":274,"lat":60.171325,"long":24.925031,"acc":-1.70,"dl":-112,"odo":746,"drst":0,' +
    '"oday":"2023-10-29","jrn":663,"line":1109,"start":"15:21","loc":"GPS","stop":null,"route":"4400"}}',
);

const options: PipelineOptions = {
  cacheBytes: 4 * 1024 * 1024,
  decodeProperties: () => ({ userProperties: [] }),
};

/** Decodes its topic whenever it is read, as a row of the log does. */
class Row implements MappedMessage {
  readonly payload = payload;
  readonly qos = 1;
  readonly retain = false;
  readonly clientId = 'bus-0012-01913';
  readonly clientIdBytes = Buffer.from('bus-0012-01913');
  readonly receivedMs = 1_700_000_000_000;
  readonly properties = new Uint8Array(0);
  readonly trace = new Uint8Array(0);
  readonly #topic: Buffer;

  constructor(index: number) {
    this.#topic = Buffer.from(
      `/hfp/v2/journey/ongoing/vp/bus/0012/${index}/4400/1/Vantaankoski/15:21/1130110/4/60;24/19/72/15`,
    );
  }

  get topic(): string {
    return this.#topic.toString('utf8');
  }
}

class CountingSink implements RecordSink {
  records = 0;
  bytes = 0;

  record(
    _route: unknown,
    topic: string,
    key: Uint8Array | null,
    value: Uint8Array,
    headers: Uint8Array,
  ): void {
    this.records++;
    this.bytes += topic.length + (key?.length ?? 0) + value.length + headers.length;
  }

  deadLetter(_route: unknown, code: string, reason: string): void {
    throw new Error(`${code}: ${reason}`);
  }

  drop(_route: unknown, code: string, reason: string): void {
    this.deadLetter(_route, code, reason);
  }

  block(_route: unknown, code: string, reason: string): void {
    this.deadLetter(_route, code, reason);
  }

  unmatched(): void {
    throw new Error('unmatched');
  }
}

for (const [name, route, distinct] of cases) {
  const compiled = compileMapping(head + route);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.findings, null, 2));
  const pipeline = compiled.mapping.pipeline('main', options);
  const sink = new CountingSink();
  let best = Infinity;
  const rows = Array.from({ length: Math.min(distinct, MESSAGES) }, (_, index) => new Row(index));
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    for (let index = 0; index < MESSAGES; index++) {
      const row = rows[index % rows.length];
      if (row !== undefined) pipeline.map(row, sink);
    }
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, ((user + system) * 1000) / MESSAGES);
  }
  const { hits, misses, bytes, topics: cached } = pipeline.cache;
  console.log(
    `${best.toFixed(0).padStart(6)} ns  ${name}  (hits ${((100 * hits) / (hits + misses)).toFixed(0)} %, ` +
      `${cached} topics in ${(bytes / 1024).toFixed(0)} KiB)`,
  );
}
