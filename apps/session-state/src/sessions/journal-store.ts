import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  JournalFrameWriter,
  sessionJournalStream,
  streamNames,
  subjects,
  type StreamLimits,
} from '@tributary/contracts';
import {
  ensureStream,
  FencedWriter,
  LogError,
  StreamReader,
  type LogTopology,
  type Publisher,
} from '@tributary/log';
import { FRAME_HEADER } from './journal.ts';
import { JournalReplay } from './journal-replay.ts';

export interface JournalStoreOptions {
  nats: NatsConnection;
  manager: JetStreamManager;
  publisher: Publisher;
  log: LogTopology;
  shard: number;
  limits: StreamLimits;
  /** Lease epoch of the owner. */
  epoch: number;
  signal: AbortSignal;
  onRetry(error: unknown): void;
}

/** Bytes read at a time. */
const READ_BYTES = 1024 * 1024;

/** The journal as an owner finds it, and the right to go on with it. */
export interface OpenJournal {
  replay: JournalReplay;
  writer: FencedWriter;
  /** Removes what stands before and at this sequence. */
  purge(upTo: number): Promise<void>;
}

/**
 * Reads the journal to its end and takes it over: the first frame an owner writes is what deposes the one before, who may write on
 * until then. If he does, what he wrote is read as well.
 * @throws LogError 'closed', and those of the stream
 */
export async function takeOverJournal(options: JournalStoreOptions): Promise<OpenJournal> {
  const { nats, manager, publisher, log, shard, limits, epoch, signal, onRetry } = options;
  const { name, incarnation, firstSequence, lastSequence } = await ensureStream(
    manager,
    sessionJournalStream(log, shard, limits),
  );
  const replay = new JournalReplay();
  const subject = subjects.sessionJournal(log.generation, shard);
  using reader = await StreamReader.open(nats, { stream: name, from: firstSequence, incarnation, signal });
  let read = firstSequence - 1;
  const readTo = async (last: number): Promise<void> => {
    while (read < last) {
      for (const { sequence, data } of await reader.take(READ_BYTES, 1_000)) {
        replay.read(sequence, data);
        read = sequence;
      }
      if (signal.aborted) throw new LogError('closed', 'taking over the journal was ended');
    }
  };
  await readTo(lastSequence);
  for (;;) {
    const writer = new FencedWriter(
      {
        publisher,
        manager,
        stream: streamNames.sessionJournal(log.generation, shard),
        subject,
        signal,
        onRetry,
      },
      read,
    );
    replay.positions.adopt(log.streams.map((stream) => stream.incarnation));
    const frame = new JournalFrameWriter();
    frame.logs(replay.positions.save());
    const data = frame.finish();
    try {
      const headers = [[FRAME_HEADER, `${epoch}.0`]] as const;
      const sequence = await writer.write(headers, data, (header) => header(FRAME_HEADER) === `${epoch}.0`);
      replay.frames.stored(sequence, data.length, [replay.positions]);
      replay.settleOrder();
      const purge = async (upTo: number): Promise<void> => {
        await manager.streams.purge(name, { seq: upTo + 1 });
      };
      return { replay, writer, purge };
    } catch (error) {
      if (!(error instanceof LogError) || error.code !== 'deposed') throw error;
      const { state } = await manager.streams.info(name);
      await readTo(state.last_seq);
    }
  }
}
