import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import {
  Envelope,
  parseOutHeaders,
  RecordBatch,
  RowKind,
  streamNames,
  type OutPosition,
  type OutRow,
} from '@tributary/contracts';
import { until } from '@tributary/testing';
import { shape, type MapperFixture } from './mapper-fixture.ts';

/** One message of OUT as it stands there. */
export interface OutMessage {
  readonly position: OutPosition;
  readonly rows: readonly OutRow[];
  readonly bytes: number;
  readonly storedAtMs: number;
}

/** All of one OUT stream, message by message, read without any of the code under test. */
export async function readOut(
  fixture: MapperFixture,
  partition: number,
  cluster = 'main',
): Promise<OutMessage[]> {
  const stream = streamNames.out(cluster, shape.generation, partition);
  const messages: OutMessage[] = [];
  const { state } = await fixture.manager.streams.info(stream);
  for (let seq = Math.max(state.first_seq, 1); seq <= state.last_seq; seq++) {
    const message = await fixture.manager.streams.getMessage(stream, { seq });
    assert.ok(message, `message ${seq} of ${stream}`);
    messages.push({
      position: parseOutHeaders((name) => message.header.get(name)),
      rows: message.data.length === 0 ? [] : [...RecordBatch.open(message.data)],
      bytes: message.data.length,
      storedAtMs: message.time.getTime(),
    });
  }
  return messages;
}

export interface LogRow {
  readonly logSequence: number;
  readonly row: number;
  readonly payload: string;
}

/** All rows of a log partition that carry a message, read without any of the code under test. */
export async function readLog(fixture: MapperFixture, partition: number): Promise<LogRow[]> {
  const stream = streamNames.log(shape.generation, partition);
  const rows: LogRow[] = [];
  const { state } = await fixture.manager.streams.info(stream);
  for (let seq = Math.max(state.first_seq, 1); seq <= state.last_seq; seq++) {
    const message = await fixture.manager.streams.getMessage(stream, { seq });
    assert.ok(message);
    const envelope = Envelope.open(message.data);
    for (let row = 0; row < envelope.rows; row++) {
      const { kind, payload } = envelope.row(row);
      if (kind === RowKind.release || kind === RowKind.sessionEnd) continue;
      rows.push({ logSequence: seq, row, payload: payload.toString().trim() });
    }
  }
  return rows;
}

/** Ranges without gap or overlap, parts in order and complete: what a reader of OUT relies on. */
export function assertUnbroken(messages: readonly OutMessage[], from: number): void {
  let covered = from - 1;
  messages.forEach(({ position }, index) => {
    assert.ok(position.sequence >= position.from);
    const before = messages[index - 1]?.position;
    if (before === undefined || before.part === before.parts) {
      assert.equal(position.from, covered + 1, `begins behind ${covered}`);
      assert.equal(position.part, 1);
      covered = position.sequence;
    } else {
      const { epoch } = position;
      assert.deepEqual(position, { ...before, epoch, part: before.part + 1 }, 'the next part of the batch');
    }
  });
  const last = messages.at(-1)?.position;
  assert.equal(last?.part, last?.parts, 'the last batch is complete');
}

/**
 * Every row of the log is in OUT once for each route that takes it, in order.
 * @returns how many rows OUT has
 */
export async function assertExactlyOnce(
  fixture: MapperFixture,
  { from = 1, routes = 1 } = {},
): Promise<{ rows: number; messages: number; partsMost: number }> {
  const total = { rows: 0, messages: 0, partsMost: 0 };
  for (let partition = 0; partition < shape.partitions; partition++) {
    const messages = await readOut(fixture, partition);
    assertUnbroken(messages, from);
    const found = messages.flatMap(({ rows }) =>
      rows.map(({ logSequence, row, value }) => ({
        logSequence,
        row,
        payload: Buffer.from(value ?? [])
          .toString()
          .trim(),
      })),
    );
    const log = (await readLog(fixture, partition)).filter(({ logSequence }) => logSequence >= from);
    const wanted = log.flatMap((row) => Array.from({ length: routes }, () => row));
    assert.equal(found.length, wanted.length);
    const wrong = found.findIndex((row, i) => !isDeepStrictEqual(row, wanted[i]));
    assert.deepEqual(found[wrong], wanted[wrong], `row ${wrong} of partition ${partition}`);
    total.rows += found.length;
    total.messages += messages.length;
    total.partsMost = Math.max(total.partsMost, ...messages.map(({ position }) => position.parts));
  }
  return total;
}

/** Waits until OUT covers the log as it ends now. */
export async function covered(fixture: MapperFixture, cluster = 'main', timeoutMs = 60_000): Promise<void> {
  for (let partition = 0; partition < shape.partitions; partition++) {
    const log = streamNames.log(shape.generation, partition);
    const out = streamNames.out(cluster, shape.generation, partition);
    const { state } = await fixture.manager.streams.info(log);
    if (state.messages === 0) continue;
    await until(
      async () => {
        const { state: end } = await fixture.manager.streams.info(out);
        const last =
          end.messages > 0 ? await fixture.manager.streams.getMessage(out, { seq: end.last_seq }) : null;
        if (!last) return false;
        const { sequence, part, parts } = parseOutHeaders((name) => last.header.get(name));
        return sequence >= state.last_seq && part === parts;
      },
      { what: `${out} covers ${log} up to ${state.last_seq}`, timeoutMs },
    );
  }
}
