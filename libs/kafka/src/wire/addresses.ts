import { KafkaDriverError, KafkaErrorCode } from '../errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 9092;

/** Reads `host:port`, `host` (port 9092) and `[v6]:port`. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]\s/]+))(?::(?<port>\d{1,5}))?$/.exec(
    text.trim(),
  );
  const host = match?.groups?.['v6'] ?? match?.groups?.['name'];
  const port = Number(match?.groups?.['port'] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new KafkaDriverError(`"${text}" is not a broker address: write host:port`, {
      code: KafkaErrorCode.unsupported,
    });
  }
  return { host, port };
}

export function addressKey({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
