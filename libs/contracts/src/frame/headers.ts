import { ContractError } from '../errors.ts';
import { Interner } from './interner.ts';

/** Record headers in order; names may repeat (KIP-82). */
export type HeaderList = readonly (readonly [name: string, value: Uint8Array])[];

/** Encodes headers as OUT rows carry them: 2 bytes length of name, name, 4 bytes length of value, value. */
export function encodeHeaders(headers: HeaderList): Buffer {
  const names = headers.map(([name]) => Buffer.from(name, 'utf8'));
  const size = headers.reduce((sum, [, value], i) => sum + 6 + (names[i]?.length ?? 0) + value.length, 0);
  const buffer = Buffer.allocUnsafe(size);
  let at = 0;
  headers.forEach(([, value], index) => {
    const name = names[index] ?? Buffer.alloc(0);
    at = buffer.writeUInt16LE(name.length, at);
    at += name.copy(buffer, at);
    at = buffer.writeUInt32LE(value.length, at);
    buffer.set(value, at);
    at += value.length;
  });
  return buffer;
}

const names = new Interner();

/** @throws ContractError 'row-invalid' if the block does not end where its last header ends. Values are slices. */
export function decodeHeaders(block: Uint8Array): [name: string, value: Buffer][] {
  const buffer = Buffer.isBuffer(block) ? block : Buffer.from(block.buffer, block.byteOffset, block.length);
  const headers: [string, Buffer][] = [];
  let at = 0;
  while (at < buffer.length) {
    const nameEnd = at + 2 <= buffer.length ? at + 2 + buffer.readUInt16LE(at) : Infinity;
    const valueStart = nameEnd + 4;
    const end = valueStart <= buffer.length ? valueStart + buffer.readUInt32LE(nameEnd) : Infinity;
    if (end > buffer.length) throw new ContractError('row-invalid', 'the header block of a row is cut off');
    headers.push([names.text(buffer, at + 2, nameEnd), buffer.subarray(valueStart, end)]);
    at = end;
  }
  return headers;
}
