import {
  deadLetterData,
  deadLetterHeaders,
  deadLetterReason,
  deadLetterStream,
  isReplay,
  openDeadLetter,
  OutKind,
  parseOutHeaders,
  RecordBatch,
  replayStream,
  streamNames,
  subjects,
  type DeadLetter,
  type OutPosition,
  type OutRow,
} from '@tributary/contracts';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { ensureStream } from '@tributary/log';
import { until } from '@tributary/testing';
import { shape, type MapperFixture } from './mapper-fixture.ts';

/** A letter where it lies. */
export interface Shelved extends DeadLetter {
  readonly sequence: number;
  readonly subject: string;
}

/** A message of OUT that was passed. */
export interface Passed {
  readonly partition: number;
  readonly position: OutPosition;
  readonly rows: readonly OutRow[];
}

const CLUSTER = 'main';

/**
 * What kafka-egress and the control plane would do with dead letters: stores those that OUT brings, trims OUT behind
 * what it has passed, and asks for replays. It remembers all that it passed.
 */
export class LetterHands {
  readonly passed: Passed[] = [];
  readonly #fixture: MapperFixture;
  readonly #next = Array.from({ length: shape.partitions }, () => 1);

  private constructor(fixture: MapperFixture) {
    this.#fixture = fixture;
  }

  static async open(fixture: MapperFixture): Promise<LetterHands> {
    await ensureStream(
      fixture.manager,
      deadLetterStream(CLUSTER, { maxBytes: 64 * 1024 * 1024, replicas: 1 }),
    );
    await ensureStream(fixture.manager, replayStream(CLUSTER, 1));
    return new LetterHands(fixture);
  }

  /** Takes what is new in OUT, stores its letters, and trims OUT up to its last message. */
  async pass(partition: number): Promise<void> {
    const { manager } = this.#fixture;
    const stream = streamNames.out(CLUSTER, shape.generation, partition);
    const { state } = await manager.streams.info(stream);
    let seq = this.#next[partition] ?? 1;
    for (; seq <= state.last_seq; seq++) {
      const message = await manager.streams.getMessage(stream, { seq });
      if (message === null) throw new Error(`message ${seq} of ${stream} is gone`);
      const position = parseOutHeaders((name) => message.header.get(name));
      const rows = message.data.length === 0 ? [] : [...RecordBatch.open(message.data)];
      this.passed.push({ partition, position, rows });
      for (const row of rows)
        if (row.kind === OutKind.deadLetter) await this.#shelve(partition, position, row);
    }
    this.#next[partition] = seq;
    if (state.messages > 0) await manager.streams.purge(stream, { seq: state.last_seq });
  }

  async passAll(): Promise<void> {
    for (let partition = 0; partition < shape.partitions; partition++) await this.pass(partition);
  }

  /** Passes until the condition holds. */
  async passUntil(condition: () => Promise<boolean>, what: string): Promise<void> {
    const both = async (): Promise<boolean> => {
      await this.passAll();
      return condition();
    };
    await until(both, { what, timeoutMs: 30_000 });
  }

  /** Puts a letter on the shelf by hand. */
  async put(partition: number, letter: DeadLetter): Promise<void> {
    const { logSequence, row, route } = letter.row;
    const id = subjects.deadLetter(CLUSTER, partition, logSequence, row, route);
    const subject = letter.replayOf === 0 ? id : subjects.deadLetterAgain(id, letter.replayOf);
    const headers = natsHeaders();
    for (const [name, value] of deadLetterHeaders(letter)) headers.set(name, value);
    await this.#fixture.js.publish(subject, deadLetterData(letter), { headers });
  }

  async letters(): Promise<Shelved[]> {
    return (await this.#all(streamNames.deadLetters(CLUSTER))).map(
      ({ seq, subject, data, header, time }) => ({
        ...openDeadLetter((name) => header.get(name), data, time.getTime()),
        sequence: seq,
        subject,
      }),
    );
  }

  /** Sequences of the letters that a request waits for. */
  async requests(): Promise<number[]> {
    const found = await this.#all(streamNames.replays(CLUSTER));
    return found.map(({ subject }) => Number(subject.split('.').at(-1)));
  }

  async request(...letters: readonly Shelved[]): Promise<void> {
    for (const { sequence, subject } of letters) {
      const partition = Number(subject.split('.')[4]);
      await this.#fixture.js.publish(subjects.replay(CLUSTER, partition, sequence), subject);
    }
  }

  async discard({ sequence, subject }: Shelved): Promise<void> {
    const stream = streamNames.deadLetters(CLUSTER);
    await this.#fixture.manager.streams.purge(stream, { filter: subject, seq: sequence + 1 });
  }

  /** Rows of all batches that were made from dead letters. */
  get replayed(): OutRow[] {
    return this.passed.flatMap(({ position, rows }) => (isReplay(position) ? rows : []));
  }

  /** Resolves with the next message of OUT that is part of a replay and fits. */
  async nextReplay(
    wanted: (position: OutPosition) => boolean = () => true,
    partition = 0,
  ): Promise<OutPosition> {
    const subscription = this.#fixture.nats.subscribe(subjects.out(CLUSTER, shape.generation, partition));
    await this.#fixture.nats.flush();
    for await (const { headers } of subscription) {
      const position = parseOutHeaders((name) => headers?.get(name) ?? '');
      if (isReplay(position) && wanted(position)) return position;
    }
    throw new Error('the subscription ended');
  }

  async #shelve(partition: number, position: OutPosition, row: OutRow): Promise<void> {
    const { incarnation, mapping, letter } = position;
    await this.put(partition, {
      ...deadLetterReason(row),
      incarnation,
      mapping,
      attempts: (letter?.attempts ?? 0) + 1,
      firstSeenMs: letter?.firstSeenMs ?? 1_700_000_000_000,
      replayOf: letter?.sequence ?? 0,
      row,
      original: null,
    });
  }

  async #all(stream: string) {
    const { manager } = this.#fixture;
    const { state } = await manager.streams.info(stream);
    const found = [];
    for (let seq = Math.max(state.first_seq, 1); seq <= state.last_seq; seq++) {
      const message = await manager.streams.getMessage(stream, { seq });
      if (message !== null) found.push(message);
    }
    return found;
  }
}
