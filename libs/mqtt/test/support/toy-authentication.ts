import { type AuthenticationExchange } from '../../src/mod.ts';
import type { EngineFixture } from './engine-fixture.ts';
import * as p from './packets.ts';

/** CONNECT with the method TOY. */
export const connectByToy = (data?: string, ...more: Buffer[]): Buffer =>
  p.connect({ version: 5, properties: p.authenticationBlock('TOY', data, ...more) });

/** What a packet with method and data looks like: its first byte and the reason that stands before them. */
export const authHex = (first: string, reason: number, data?: string): string =>
  `${first} ${Buffer.concat([Buffer.from([reason]), p.authenticationBlock('TOY', data)]).toString('hex')}`;

const text = (data: Uint8Array | undefined): string => Buffer.from(data ?? []).toString();

/** Asks twice; whoever says what was expected is let in. */
async function toy(exchange: AuthenticationExchange): Promise<boolean> {
  const first = text(await exchange.challenge(Buffer.from('who?')));
  const second = text(await exchange.challenge(Buffer.from(`${first}, prove it`)));
  return text(exchange.data) === 'hi' && second === 'proof';
}

/** Lets the host know the method. */
export function useToy({ host }: EngineFixture): void {
  host.verdict = async ({ authentication }) =>
    authentication !== undefined && (await toy(authentication))
      ? { accept: true, authenticationData: Buffer.from('welcome') }
      : { accept: false, reason: 0x87, detail: 'no' };
  host.onAuthenticate = async (exchange) =>
    (await toy(exchange)) ? { accept: true, data: Buffer.from('again') } : { accept: false, reason: 0x87 };
}
