import type { MessageProperties } from '../expression/properties-view.ts';
import type { Position } from '../findings/finding.ts';
import type { PlainValue } from '../yaml/plain-value.ts';

/** The message a test puts in. */
export interface TestMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly client: string;
  readonly receivedMs: number;
  readonly properties: MessageProperties | null;
}

/** A record a test expects; what is absent is not compared. */
export interface ExpectedRecord {
  readonly at: Position;
  readonly route?: string;
  readonly cluster?: string;
  readonly topic?: string;
  readonly key?: string | null;
  /** A text is compared as text, anything else as JSON. */
  readonly value?: PlainValue;
  /** Each of these headers must be there with this text. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ExpectedDeadLetter {
  readonly at: Position;
  readonly route?: string;
  readonly code?: string;
}

/** One entry of the `tests` section. Null: the test says nothing about it. */
export interface MappingTest {
  readonly name: string;
  readonly at: Position;
  readonly path: string;
  readonly message: TestMessage;
  readonly records: readonly ExpectedRecord[] | null;
  readonly deadLetters: readonly ExpectedDeadLetter[] | null;
  readonly unmatched: boolean | null;
}
