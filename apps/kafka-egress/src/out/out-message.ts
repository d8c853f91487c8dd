import {
  ContractError,
  OutKind,
  parseOutHeaders,
  RecordBatch,
  type OutPosition,
  type OutRow,
} from '@tributary/contracts';
import type { StreamMessage } from '@tributary/log';
import { HaltError } from '../errors.ts';
import { OutRecord } from './out-record.ts';

/** One message of OUT, opened. */
export interface OutMessage {
  /** In the OUT stream. */
  readonly sequence: number;
  readonly position: OutPosition;
  /** Size of the message. */
  readonly bytes: number;
  readonly records: readonly OutRecord[];
  /** Dead letters of the mapper. */
  readonly deadLetters: readonly OutRow[];
}

/** What a message says about itself. @throws HaltError 'out-invalid' */
export function outPositionOf(message: StreamMessage): OutPosition {
  return readable(message.sequence, () => parseOutHeaders((name) => message.header(name)));
}

/** Opens a message of OUT. One without data is progress without records. @throws HaltError 'out-invalid' */
export function openOutMessage(message: StreamMessage, position: OutPosition): OutMessage {
  const { sequence, data } = message;
  const records: OutRecord[] = [];
  const deadLetters: OutRow[] = [];
  if (data.length > 0) {
    readable(sequence, () => {
      const batch = RecordBatch.open(data);
      for (const row of batch) {
        if (row.kind === OutKind.record) records.push(new OutRecord(row, position));
        else deadLetters.push(row);
      }
    });
  }
  return { sequence, position, bytes: data.length, records, deadLetters };
}

function readable<T>(sequence: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ContractError)) throw cause;
    throw new HaltError('out-invalid', `message ${sequence} of OUT cannot be read: ${cause.message}`, {
      cause,
    });
  }
}
