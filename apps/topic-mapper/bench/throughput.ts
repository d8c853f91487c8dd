// How fast one mapper turns the log into OUT, and what a row costs it.
// node apps/topic-mapper/bench/throughput.ts [rows] [topics] [payload bytes]
import { Envelope, EnvelopeWriter, EMPTY, RowKind } from '@tributary/contracts';
import { compileMapping } from '@tributary/mapping';
import { EnvelopeMapper } from '../src/batch/envelope-mapper.ts';
import { CompiledVersion } from '../src/mapping/compiled-version.ts';
import { startFixture } from '../test/mapper-fixture.ts';
import { covered, readOut } from '../test/out-reading.ts';
import { fillLog } from './log-filler.ts';
import { fleetMapping } from './mapping-text.ts';
import { cpuSeconds, residentBytes } from './process-usage.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const topics = Number(process.argv[3] ?? 5_000);
const payloadBytes = Number(process.argv[4] ?? 256);
const topicOf = (n: number): string => `fleet/region-${n % 16}/vehicle-${n % topics}/position`;

mapOnly();
await wholeMapper();

/** The hot path alone, in this process: open an envelope, map its rows, make parts. The best of many rounds: others run on this machine too. */
function mapOnly(): void {
  const compiled = compileMapping(fleetMapping);
  if (!compiled.ok) throw new Error('the mapping of the bench does not compile');
  const plan = new CompiledVersion(1, compiled.mapping, 64 * 1024 * 1024).plan('main');
  if (plan === null) throw new Error('the mapping of the bench has no cluster main');
  const mapper = new EnvelopeMapper(1024 * 1024 - 2048);
  const messages = envelopes(20_000);
  const mapped = Envelope.open(messages[0]?.data ?? EMPTY).rows;
  let best = Infinity;
  for (let round = 0; round < 60; round++) {
    const before = process.cpuUsage();
    for (const message of messages) {
      mapper.map(message, plan);
      if (mapper.bytes > 384 * 1024) mapper.finish();
    }
    mapper.finish();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 20_000);
  }
  console.log(`mapping alone: ${best.toFixed(2)} us CPU per row (${mapped} rows per envelope)`);
}

function envelopes(
  count: number,
): { sequence: number; data: Buffer; header(): string; storedAtMs(): number }[] {
  const writer = new EnvelopeWriter();
  const found = [];
  for (let n = 0; n < count; n++) {
    writer.append({
      kind: RowKind.publish,
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
      protocolVersion: 4,
      receivedMs: 1_700_000_000_000,
      epoch: 1,
      topic: topicOf(n),
      clientId: Buffer.from('bench-client'),
      sessionId: EMPTY,
      username: EMPTY,
      trace: EMPTY,
      origin: EMPTY,
      properties: EMPTY,
      payload: Buffer.alloc(payloadBytes, 'x'),
    });
    if (writer.bytes < 64 * 1024 && n < count - 1) continue;
    found.push({ sequence: found.length + 1, data: writer.finish(), header: () => '', storedAtMs: () => 0 });
  }
  return found;
}

/** The whole process on a real nats-server: a log that is full already, until OUT covers it. */
async function wholeMapper(): Promise<void> {
  await using fixture = await startFixture();
  await fixture.apply(fleetMapping);
  const mapper = await fixture.mapper({ settings: { 'lease.ttlMs': 10_000 } });
  // Warm up with rows of their own, then freeze: what counts begins with a full log.
  for (const partition of [0, 1]) await fillLog(fixture.js, partition, 100_000, topicOf, payloadBytes);
  await covered(fixture);
  mapper.pause();
  for (const partition of [0, 1]) await fillLog(fixture.js, partition, rows / 2, topicOf, payloadBytes);
  mapper.resume();
  const cpuBefore = await cpuSeconds(mapper);
  const began = performance.now();
  await covered(fixture, 'main', 600_000);
  const seconds = (performance.now() - began) / 1_000;
  const cpu = (await cpuSeconds(mapper)) - cpuBefore;
  const messages = (await readOut(fixture, 0)).slice(-50);
  const bytes = messages.reduce((sum, message) => sum + message.bytes, 0) / messages.length;
  console.log(
    `whole mapper: ${rows} rows of ${payloadBytes} B on ${topics} topics in ${seconds.toFixed(2)} s = ` +
      `${Math.round(rows / seconds)} rows/s, ${((cpu / rows) * 1e6).toFixed(2)} us CPU per row, ` +
      `OUT messages of ${Math.round(bytes / 1024)} KiB, RSS ${(residentBytes(mapper.pid) / 1e6).toFixed(0)} MB`,
  );
}
