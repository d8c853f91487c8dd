import type { Fault } from './fault.ts';
import { Faults } from './fault.ts';
import { checkString } from './utf8.ts';

/** Thrown within a decoder and turned into its result; never leaves this folder. */
export class FaultError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.text);
    this.fault = fault;
  }
}

/** Reads the fields of a complete packet of the rarer kinds (CONNECT, SUBSCRIBE, UNSUBSCRIBE). */
export class FieldReader {
  readonly buffer: Buffer;
  readonly end: number;
  at: number;

  constructor(buffer: Buffer, start: number, end: number) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  get done(): boolean {
    return this.at === this.end;
  }

  byte(): number {
    return this.buffer[this.#take(1)]!;
  }

  two(): number {
    return this.buffer.readUInt16BE(this.#take(2));
  }

  packetId(): number {
    const id = this.two();
    if (id === 0) throw new FaultError(Faults.PACKET_ID_ZERO);
    return id;
  }

  binary(): Buffer {
    const length = this.two();
    const start = this.#take(length);
    return this.buffer.subarray(start, start + length);
  }

  string(): string {
    const length = this.two();
    const start = this.#take(length);
    this.check(checkString(this.buffer, start, start + length));
    return this.buffer.toString('utf8', start, start + length);
  }

  check(fault: Fault | null): void {
    if (fault !== null) throw new FaultError(fault);
  }

  #take(size: number): number {
    const start = this.at;
    if (start + size > this.end) throw new FaultError(Faults.TRUNCATED);
    this.at += size;
    return start;
  }
}

/** Runs a decoder: its value, or the fault it found. */
export function decodeOr<T>(decode: () => T): { value: T; fault: null } | { value: null; fault: Fault } {
  try {
    return { value: decode(), fault: null };
  } catch (error) {
    if (error instanceof FaultError) return { value: null, fault: error.fault };
    throw error;
  }
}
