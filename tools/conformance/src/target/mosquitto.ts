import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, freePort, run, ServerProcess, TemporaryFolder } from '@tributary/testing';
import { ConformanceError } from '../errors.ts';
import { RECEIVE_MAXIMUM, REFUSED_FILTER, SERVER_KEEP_ALIVE, type Target } from './target.ts';

const HOST = '127.0.0.1';

/** The Mosquitto of this machine, on free ports, set up as near to our nodes as it goes. @throws ConformanceError 'no-program' */
export async function startMosquitto(): Promise<Target> {
  const file = findProgram('mosquitto');
  if (file === undefined) throw new ConformanceError('no-program', 'mosquitto is not installed');
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(new TemporaryFolder('mosquitto'));
  const [port, websocketPort] = [await freePort(), await freePort()];
  const accessFile = join(folder.path, 'access');
  const configFile = join(folder.path, 'mosquitto.conf');
  writeFileSync(
    accessFile,
    `pattern deny ${REFUSED_FILTER}\npattern readwrite #\npattern readwrite $SYS/#\n`,
  );
  writeFileSync(
    configFile,
    [
      // Started as root it would go on as a user who may not read a temporary folder.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
      ...['allow_anonymous true', `acl_file ${accessFile}`],
      ...['per_listener_settings false', `max_keepalive ${SERVER_KEEP_ALIVE}`],
      ...[`max_inflight_messages ${RECEIVE_MAXIMUM}`, 'set_tcp_nodelay true'],
      ...[`listener ${port} ${HOST}`, 'protocol mqtt'],
      ...[`listener ${websocketPort} ${HOST}`, 'protocol websockets'],
      '',
    ].join('\n'),
  );
  const server = stack.use(
    new ServerProcess({
      name: 'mosquitto',
      file,
      args: ['-c', configFile],
      env: process.env,
      logFile: join(folder.path, 'log'),
      ports: [{ host: HOST, port }],
      ready: (signal) => listening(port, signal),
      readyTimeoutMs: 10_000,
      stopTimeoutMs: 5_000,
    }),
  );
  await server.start();
  const owned = stack.move();
  return {
    name: await versionOf(file),
    kind: 'mosquitto',
    host: HOST,
    port,
    websocket: `ws://${HOST}:${websocketPort}/mqtt`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function listening(port: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: HOST, port });
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await delay(25);
  }
  throw new Error(`nothing listens on ${port}`);
}

/** Its help names its version, and ends with an exit code of 3. */
async function versionOf(file: string): Promise<string> {
  const text = await run(file, ['-h']).then(
    ({ stdout }) => stdout,
    (error: unknown) => String(error),
  );
  const version = /mosquitto version ([\d.]+)/.exec(text)?.[1];
  return version === undefined ? 'Mosquitto' : `Mosquitto ${version}`;
}
