import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { byteStream, type ByteStream } from './byte-stream.ts';
import { engineSubject } from './engine-subject.ts';
import { knownDifference } from './known-differences.ts';
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
      if (isDeepStrictEqual(ours, theirs)) counts.same++;
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

function both(a: Subject, b: Subject, stream: ByteStream): Promise<[Observation, Observation]> {
  return Promise.all([observe(a, stream), observe(b, stream)]);
}

function difference(stream: ByteStream, ours: Observation, theirs: Observation): string {
  const { seed, version, bytes, mutations } = stream;
  const said = `seed ${seed}, version ${version}, ${mutations.join(' and ') || 'nothing changed'}: ${bytes.toString('hex')}`;
  return `${said}\nnative ${JSON.stringify(ours)}\naedes  ${JSON.stringify(theirs)}`;
}
