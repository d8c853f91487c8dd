/**
 * Packets of clients byte by byte, derived by hand from the specifications (MQTT 3.1.1 and 5, chapter 3), and what they
 * mean. Each line: bytes in hexadecimal, and behind the semicolon what they are.
 */
export interface GoldenPacket {
  readonly name: string;
  readonly version: 3 | 4 | 5;
  readonly bytes: Buffer;
  /** What the host hears of it; see golden-packets.test.ts. */
  readonly heard: Readonly<Record<string, unknown>>;
}

export function golden(
  name: string,
  version: 3 | 4 | 5,
  lines: string,
  heard: GoldenPacket['heard'],
): GoldenPacket {
  const digits = lines
    .split('\n')
    .map((line) => line.split(';')[0] ?? '')
    .join('')
    .replaceAll(/\s/g, '');
  return { name, version, bytes: Buffer.from(digits, 'hex'), heard };
}
