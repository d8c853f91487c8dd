/** Reads a list of { u16 LE name length, name, u32 LE value length, value }, values as UTF-8 text. */
export function readHeaderList(bytes: Uint8Array): [name: string, value: string][] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const headers: [string, string][] = [];
  let at = 0;
  while (at < buffer.length) {
    const nameEnd = at + 2 + buffer.readUInt16LE(at);
    const valueEnd = nameEnd + 4 + buffer.readUInt32LE(nameEnd);
    headers.push([buffer.toString('utf8', at + 2, nameEnd), buffer.toString('utf8', nameEnd + 4, valueEnd)]);
    at = valueEnd;
  }
  return headers;
}
