import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ContractError,
  Envelope,
  EnvelopeWriter,
  JournalFrameWriter,
  readJournal,
  Settled,
  type JournalEntries,
  type JournalInbound,
  type JournalLog,
  type JournalSession,
  type LogPlace,
} from '../../src/mod.ts';
import { rowArbitrary } from './arbitraries.ts';
import { plainRow } from './samples.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/session-journal.json', import.meta.url), 'utf8'),
) as Record<string, string>;

type Row =
  | ['session', JournalSession]
  | ['end', string]
  | ['entries', JournalEntries]
  | ['settle', { clientId: string; counter: number; stage: Settled }]
  | ['inbound', JournalInbound]
  | ['logs', readonly JournalLog[]];

function encode(rows: readonly Row[]): Buffer {
  const writer = new JournalFrameWriter();
  for (const row of rows) {
    switch (row[0]) {
      case 'session':
        writer.session(row[1]);
        break;
      case 'end':
        writer.end(row[1]);
        break;
      case 'entries':
        writer.entries(row[1]);
        break;
      case 'settle':
        writer.settle(row[1].clientId, row[1].counter, row[1].stage);
        break;
      case 'inbound':
        writer.inbound(row[1]);
        break;
      case 'logs':
        writer.logs(row[1]);
    }
  }
  assert.equal(writer.rows, rows.length);
  return writer.finish();
}

function decode(frame: Uint8Array): Row[] {
  const rows: Row[] = [];
  readJournal(frame, {
    session: (session) => rows.push(['session', session]),
    end: (clientId) => rows.push(['end', clientId]),
    entries: (entries) =>
      rows.push(['entries', { ...entries, message: Uint8Array.from(entries.message.bytes) }]),
    settle: (clientId, counter, stage) => rows.push(['settle', { clientId, counter, stage }]),
    inbound: (inbound) => rows.push(['inbound', inbound]),
    logs: (logs) => rows.push(['logs', logs]),
  });
  return rows;
}

function rowBytes(row = plainRow): Uint8Array {
  const writer = new EnvelopeWriter();
  writer.append(row);
  return Uint8Array.from(Envelope.open(writer.finish()).row(0).bytes);
}

const sample: Row[] = [
  ['logs', [{ incarnation: 'a1b2', logSequence: 0x1_0000_0004, row: 5 }]],
  ['session', { clientId: 'meter-7', sessionId: 's1', lastCounter: 41, dropped: 2, inbound: [1, 65_535] }],
  [
    'entries',
    {
      place: { partition: 3, logSequence: 99, row: 2 },
      complete: true,
      message: rowBytes(),
      recipients: [
        {
          clientId: 'meter-7',
          counter: 42,
          qos: 2,
          retain: true,
          received: true,
          share: '$share/g/a/#',
          subscriptionIds: [268_435_455],
        },
        {
          clientId: 'm',
          counter: 1,
          qos: 1,
          retain: false,
          received: false,
          share: '',
          subscriptionIds: [],
        },
      ],
    },
  ],
  ['settle', { clientId: 'meter-7', counter: 42, stage: Settled.received }],
  [
    'inbound',
    { clientId: 'meter-7', packetId: 65_535, open: true, place: { partition: 3, logSequence: 99, row: 3 } },
  ],
  ['end', 'meter-7'],
];

const u53 = fc.maxSafeNat();
const plain = { noNullPrototype: true };
const name = fc.string({ unit: 'grapheme', maxLength: 20 });
const place: fc.Arbitrary<LogPlace> = fc.record(
  {
    partition: fc.nat(1023),
    logSequence: u53,
    row: fc.nat(),
  },
  plain,
);
const stage = fc.constantFrom<Settled>(Settled.done, Settled.received);
const row: fc.Arbitrary<Row> = fc.oneof(
  fc.tuple(
    fc.constant('session' as const),
    fc.record(
      {
        clientId: name,
        sessionId: name,
        lastCounter: u53,
        dropped: u53,
        inbound: fc.array(fc.nat(65_535), { maxLength: 5 }),
      },
      plain,
    ),
  ),
  fc.tuple(fc.constant('end' as const), name),
  fc.tuple(
    fc.constant('entries' as const),
    fc.record(
      {
        place: fc.option(place),
        complete: fc.boolean(),
        message: rowArbitrary.map(rowBytes),
        recipients: fc.array(
          fc.record(
            {
              clientId: name,
              counter: u53,
              qos: fc.constantFrom(0, 1, 2),
              retain: fc.boolean(),
              received: fc.boolean(),
              share: name,
              subscriptionIds: fc.array(fc.nat(268_435_455), { maxLength: 5 }),
            },
            plain,
          ),
          { maxLength: 4 },
        ),
      },
      plain,
    ),
  ),
  fc.tuple(fc.constant('settle' as const), fc.record({ clientId: name, counter: u53, stage }, plain)),
  fc.tuple(
    fc.constant('inbound' as const),
    fc.record({ clientId: name, packetId: fc.nat(65_535), open: fc.boolean(), place }, plain),
  ),
  fc.tuple(
    fc.constant('logs' as const),
    fc.array(
      fc.record(
        { incarnation: fc.stringMatching(/^[0-9a-f]{0,16}$/), logSequence: u53, row: fc.nat() },
        plain,
      ),
      { maxLength: 9 },
    ),
  ),
);

describe('session journal', () => {
  it('keeps its golden vector, byte for byte', () => {
    assert.equal(encode(sample).toString('hex'), vectors['one row of each kind']);
  });

  it('gives back what it was given', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 8 }), (rows) => {
        assert.deepEqual(decode(encode(rows)), rows);
      }),
    );
  });

  it('answers truncated and altered bytes with an error', () => {
    const whole = encode(sample);
    for (let at = 0; at < whole.length; at++) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 0x80;
      assert.throws(() => decode(altered), ContractError);
      assert.throws(() => decode(whole.subarray(0, at)), ContractError);
    }
  });
});
