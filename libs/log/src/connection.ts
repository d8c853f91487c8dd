import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  connect,
  credsAuthenticator,
  errors,
  nkeyAuthenticator,
  type Authenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { LogError } from './errors.ts';

/** The oldest nats-server that does all we rely on. Older ones ignore some options without saying so. */
export const MIN_SERVER_VERSION = '2.12.0';

export interface ConnectionSettings {
  servers: string[];
  /** Shown by NATS monitoring. */
  name: string;
  user?: string;
  password?: string;
  token?: string;
  /** File with a JWT and its seed, or with a seed alone. */
  credentialsFile?: string;
  /** PEM files; given at all, the connection must be encrypted. */
  tls?: { caFile?: string; certFile?: string; keyFile?: string };
  /** Time to wait for the first connection, in ms; later interruptions are waited out for ever. */
  timeoutMs?: number;
}

/**
 * Connects and verifies that the server is recent enough and has JetStream.
 * @throws LogError 'unreachable', 'not-authorized', 'server-too-old' or 'jetstream-missing', naming servers and what to
 * do.
 */
export async function connectNats(settings: ConnectionSettings): Promise<NatsConnection> {
  const timeoutMs = settings.timeoutMs ?? 30_000;
  const nats = await connectWithin(settings, timeoutMs);
  try {
    verifyServer(nats, settings.servers);
  } catch (error) {
    await nats.close();
    throw error;
  }
  return nats;
}

async function connectWithin(settings: ConnectionSettings, timeoutMs: number): Promise<NatsConnection> {
  const { servers, name, user, password, token, credentialsFile, tls } = settings;
  const options: NodeConnectionOptions = {
    servers,
    name,
    timeout: 2_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    reconnectJitter: 200,
    // Notices a black-holed server within seconds instead of the default four minutes.
    pingInterval: 5_000,
    maxPingOut: 2,
    // Without it every request captures a stack trace: 44 % of the cost of a publish.
    noAsyncTraces: true,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(token === undefined ? {} : { token }),
    ...(credentialsFile === undefined
      ? {}
      : { authenticator: authenticatorOf(readFileSync(credentialsFile)) }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls, servers) }),
  };
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await connect(options);
    } catch (cause) {
      const where = servers.join(', ');
      if (refused(cause)) {
        const message = `the NATS server at ${where} does not accept the credentials it was given`;
        throw new LogError('not-authorized', message, { cause });
      }
      if (performance.now() >= deadline) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new LogError('unreachable', `no NATS server answers at ${where} (${why}); is it running?`, {
          cause,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

function refused(error: unknown): boolean {
  if (error instanceof errors.AuthorizationError) return true;
  return error instanceof Error && refused(error.cause);
}

function authenticatorOf(credentials: Buffer): Authenticator {
  if (credentials.includes('-----BEGIN NATS USER JWT-----')) return credsAuthenticator(credentials);
  return nkeyAuthenticator(Buffer.from(credentials.toString('utf8').trim()));
}

/**
 * Where a server is given by its address the client has no name to compare the certificate with, and Node takes it for
 * "localhost". It has to be that of one of the addresses that were given.
 */
function tlsOptions(tls: NonNullable<ConnectionSettings['tls']>, servers: readonly string[]) {
  const addresses = servers.map(hostOf).filter((host) => isIP(host) > 0);
  const identify = (host: string, certificate: PeerCertificate): Error | undefined => {
    const problem = checkServerIdentity(host, certificate);
    if (problem === undefined || host !== 'localhost') return problem;
    const known = addresses.some((address) => checkServerIdentity(address, certificate) === undefined);
    return known ? undefined : problem;
  };
  return { ...tls, checkServerIdentity: identify };
}

/** Of `nats://host:port`, `host:port` or `host`; an IPv6 address without its brackets. */
function hostOf(server: string): string {
  const url = new URL(server.includes('://') ? server : `nats://${server}`);
  return url.hostname.replace(/^\[|\]$/g, '');
}

function verifyServer(nats: NatsConnection, servers: string[]): void {
  const info = nats.info;
  const where = servers.join(', ');
  const version = info?.version ?? 'unknown';
  if (!atLeast(version, MIN_SERVER_VERSION)) {
    throw new LogError(
      'server-too-old',
      `the NATS server at ${where} is version ${version}; ${MIN_SERVER_VERSION} or newer is needed`,
    );
  }
  if (info?.jetstream !== true) {
    throw new LogError(
      'jetstream-missing',
      `the NATS server at ${where} runs without JetStream; start it with "-js" or a jetstream block`,
    );
  }
}

function atLeast(version: string, minimum: string): boolean {
  const parse = (text: string): number[] => text.split('-')[0]?.split('.').map(Number) ?? [];
  const have = parse(version);
  for (const [i, want] of parse(minimum).entries()) {
    const part = have[i] ?? Number.NaN;
    if (part !== want) return part > want;
  }
  return true;
}
