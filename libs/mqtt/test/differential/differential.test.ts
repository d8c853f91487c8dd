import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { byteStream, type ByteStream } from './byte-stream.ts';
import { engineSubject } from './engine-subject.ts';
import { foreignSubject } from './foreign-subject.ts';
import { knownDifference } from './known-differences.ts';
import { verdictOf } from './mosquitto-differences.ts';
import type { Observation } from './observation.ts';
import { observe, type Subject } from './subject.ts';

/** A run of CI; more by the environment: TRIBUTARY_DIFFERENTIAL_STREAMS=100000 TRIBUTARY_DIFFERENTIAL_SEED=7 */
const STREAMS = Number(process.env['TRIBUTARY_DIFFERENTIAL_STREAMS'] ?? 3_000);
const SEED = Number(process.env['TRIBUTARY_DIFFERENTIAL_SEED'] ?? 1);
const AT_ONCE = 24;

test(`${STREAMS} streams of bytes mean the same to both engines`, { timeout: 3_600_000 }, async (context) => {
  const errors: unknown[] = [];
  await using native = await engineSubject('native', errors);
  await using aedes = await engineSubject('aedes', errors);
  const counts = { same: 0, accepted: 0, ended: 0 };
  const known = new Map<string, number>();
  const failures: string[] = [];
  let next = SEED;
  const worker = async (): Promise<void> => {
    while (next < SEED + STREAMS && failures.length < 5) {
      const stream = byteStream(next++);
      const [ours, theirs] = await both(native, aedes, stream);
      if (ours.connack === 'accepted') counts.accepted++;
      if (ours.end !== 'open') counts.ended++;
      if (isDeepStrictEqual({ ...ours, why: '' }, { ...theirs, why: '' })) counts.same++;
      else {
        const name = knownDifference(stream, ours, theirs);
        if (name === null) failures.push(difference(stream, ours, theirs));
        else known.set(name, (known.get(name) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  context.diagnostic(`${JSON.stringify(counts)} ${JSON.stringify(Object.fromEntries(known))}`);
  assert.equal(failures.length, 0, failures.join('\n\n'));
  assert.deepEqual(errors, []);
  // A generator that only made noise, or only what is valid, would show nothing.
  assert.ok(counts.accepted > STREAMS / 3 && counts.ended > STREAMS / 5, JSON.stringify(counts));
});

// A Mosquitto that somebody started: mosquitto -p 1899, TRIBUTARY_DIFFERENTIAL_MOSQUITTO=1899.
const mosquitto = Number(process.env['TRIBUTARY_DIFFERENTIAL_MOSQUITTO'] ?? 0);
if (mosquitto > 0) {
  test(`${STREAMS} streams are taken or refused as by Mosquitto`, { timeout: 3_600_000 }, async (context) => {
    const errors: unknown[] = [];
    await using native = await engineSubject('native', errors);
    const foreign = foreignSubject(mosquitto);
    const counts = new Map<string, number>();
    const suspects: ByteStream[] = [];
    const look = async (stream: ByteStream): Promise<string | null> => {
      const [ours, theirs] = await both(native, foreign, stream);
      const verdict = verdictOf(ours, theirs);
      if (verdict?.isStricter === false) return `${verdict.name}\n${difference(stream, ours, theirs)}`;
      const name = verdict?.name ?? 'alike';
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return null;
    };
    let next = SEED;
    const worker = async (): Promise<void> => {
      while (next < SEED + STREAMS) {
        const stream = byteStream(next++);
        if ((await look(stream)) !== null) suspects.push(stream);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    // Streams at the same time may take over each other's client identifier there: what counts is seen alone, too.
    const findings: string[] = [];
    for (const suspect of suspects) {
      const finding = await look(suspect);
      if (finding !== null) findings.push(finding);
    }
    for (const [name, count] of counts) context.diagnostic(`${count} ${name}`);
    assert.equal(findings.length, 0, `${findings.length}: ${findings.slice(0, 60).join('\n\n')}`);
  });
}

function both(a: Subject, b: Subject, stream: ByteStream): Promise<[Observation, Observation]> {
  return Promise.all([observe(a, stream), observe(b, stream)]);
}

function difference(stream: ByteStream, ours: Observation, theirs: Observation): string {
  const { seed, version, bytes, mutations } = stream;
  const said = `seed ${seed}, version ${version}, ${mutations.join(' and ') || 'nothing changed'}: ${bytes.toString('hex')}`;
  return `${said}\nnative ${JSON.stringify(ours)}\naedes  ${JSON.stringify(theirs)}`;
}
