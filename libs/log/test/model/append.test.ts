import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LogError, purgeableUpTo, LogAppender, type PubAck } from '../../src/mod.ts';
import { numbered, Outcomes, range, shape } from '../log-fixture.ts';

/** What can become of one attempt to store an envelope. */
const FATES = [
  'answered',
  'answer lost',
  'answer lost, purged, restarted',
  'lost',
  'late',
  'last of all',
] as const;
type Fate = (typeof FATES)[number];

interface Envelope {
  id: string;
  frame: string;
}

/** What appends rely on. A test removes one and sees what it was for. */
interface Fences {
  /** JetStream recognizes an id that it has stored within the duplicate window. */
  readonly recognizes: boolean;
  readonly purgeableUpTo: typeof purgeableUpTo;
}

/** A stream that does to each attempt what it is told, and answers whatever comes behind that. */
class ScriptedStream {
  /** All that was ever stored; the first `#first` of them are gone. */
  readonly stored: Envelope[] = [];
  readonly #fates: Fate[];
  readonly #fences: Fences;
  readonly #ids = new Map<string, number>();
  #first = 0;
  #late: Envelope[] = [];
  readonly #last: Envelope[] = [];

  constructor(fates: readonly Fate[], fences: Fences) {
    this.#fates = [...fates];
    this.#fences = fences;
  }

  async publish(
    _subject: string,
    data: Uint8Array,
    headers: Iterable<readonly [name: string, value: string]>,
  ): Promise<PubAck> {
    await turn();
    const envelope = {
      id: new Map(headers).get('Nats-Msg-Id') ?? '',
      frame: Buffer.from(data).toString('latin1'),
    };
    for (const late of this.#late.splice(0)) this.#store(late);
    const fate = this.#fates.shift() ?? 'answered';
    if (fate === 'answered') return { seq: this.#store(envelope) };
    if (fate === 'late') this.#late.push(envelope);
    if (fate === 'last of all') this.#last.push(envelope);
    if (fate.startsWith('answer lost')) this.#store(envelope);
    if (fate === 'answer lost, purged, restarted') this.#restart();
    throw new LogError('not-stored', fate);
  }

  end(): void {
    for (const envelope of [...this.#late, ...this.#last]) this.#store(envelope);
  }

  #store(envelope: Envelope): number {
    const known = this.#ids.get(envelope.id);
    if (known !== undefined && this.#fences.recognizes) return known;
    this.stored.push(envelope);
    this.#ids.set(envelope.id, this.stored.length);
    return this.stored.length;
  }

  /** Every reader has read everything, but all of it is younger than the duplicate window. A restart reads ids from the messages. */
  #restart(): void {
    this.#first = this.#fences.purgeableUpTo(this.stored.length, 0);
    this.#ids.clear();
    for (const [at, { id }] of this.stored.entries()) if (at >= this.#first) this.#ids.set(id, at + 1);
  }
}

/** All ways in which `attempts` attempts can go. */
function* scripts(attempts: number): Generator<readonly Fate[]> {
  if (attempts === 0) yield [];
  else for (const rest of scripts(attempts - 1)) for (const fate of FATES) yield [fate, ...rest];
}

/** @returns what is wrong with what was stored, or null */
async function verdict(fates: readonly Fate[], fences: Fences): Promise<string | null> {
  const stream = new ScriptedStream(fates, fences);
  const appender = new LogAppender(stream, { ...shape, lingerMs: 0 });
  const outcomes = new Outcomes();
  const told: number[] = [];
  for (const n of range(3)) {
    const waiter = outcomes.waiter(n);
    const stored = (sequence: number, row: number): void => {
      if (stream.stored[sequence - 1] === undefined) told.push(n);
      waiter.stored(sequence, row);
    };
    appender.append(0, numbered(n), { ...waiter, stored });
    await turn();
  }
  await appender.flush();
  stream.end();
  appender.close();
  const frames = stream.stored.map(({ frame }) => frame);
  if (told.length > 0) return `told to be stored, but is not: row ${told.join(', ')}`;
  if (new Set(frames).size !== frames.length) return 'stored twice';
  return outcomes.stored.join() === '0,1,2' ? null : `stored ${outcomes.stored.join()}`;
}

async function explore(attempts: number, fences: Fences): Promise<string[]> {
  const all = [...scripts(attempts)];
  const startedMs = performance.now();
  const verdicts = await Promise.all(all.map((fates) => verdict(fates, fences)));
  const wrong = verdicts.flatMap((what, at) => (what === null ? [] : [`${what}: ${all[at]?.join('; ')}`]));
  const ms = Math.round(performance.now() - startedMs);
  console.log(`${all.length} ways, ${wrong.length} wrong, ${ms} ms${wrong[0] ? `\n  ${wrong[0]}` : ''}`);
  return wrong;
}

const intact: Fences = { recognizes: true, purgeableUpTo };

describe('append model: the appender against all that can become of its first attempts', () => {
  it('stores each envelope once, in order, and tells so only then', async () => {
    assert.deepEqual(await explore(4, intact), []);
  });

  it('needed: the id of the message', async () => {
    assert.notDeepEqual(await explore(2, { ...intact, recognizes: false }), []);
  });

  it('needed: the purge stays out of the duplicate window', async () => {
    assert.notDeepEqual(await explore(2, { ...intact, purgeableUpTo: (lowest) => lowest ?? 0 }), []);
  });
});
