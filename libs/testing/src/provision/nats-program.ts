import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { because, firstOf, type Choice } from './choices.ts';
import { dockerAnswers } from './docker.ts';
import { withLock } from './lock.ts';
import { executable, findProgram, run } from './program.ts';
import { progressOnStderr, type Progress } from './progress.ts';
import { atLeast, parseVersion } from './version.ts';
import { toolchainFolder } from './workspace.ts';

/** What `go install` builds. */
export const NATS_VERSION = '2.14.9';
export const NATS_IMAGE = 'nats:2.14-alpine';
/** Older servers silently ignore options that the log relies on. */
const NATS_FLOOR = [2, 12];

export type NatsProgram = { kind: 'binary'; file: string } | { kind: 'docker'; image: string };

let known: Promise<NatsProgram> | undefined;

/**
 * nats-server >= 2.12: what TRIBUTARY_NATS_SERVER_BIN names, on the PATH, in the toolchain folder, built with Go, as a
 * Docker image; in this order. Looked for once per process.
 */
export function provisionNats(progress: Progress = progressOnStderr): Promise<NatsProgram> {
  known ??= find(progress);
  return known;
}

function find(progress: Progress): Promise<NatsProgram> {
  const named = process.env['TRIBUTARY_NATS_SERVER_BIN'];
  const inToolchain = join(toolchainFolder(), `nats-server-${NATS_VERSION}`, 'nats-server');
  const choices: Choice<NatsProgram>[] = [
    {
      advice: 'set TRIBUTARY_NATS_SERVER_BIN to a nats-server binary',
      find: async () => (named ? check(named) : { unavailable: 'not set' }),
    },
    {
      advice: `put nats-server >= ${NATS_FLOOR.join('.')} on the PATH`,
      find: async () => {
        const file = findProgram('nats-server');
        return file === undefined ? { unavailable: 'there is none' } : check(file);
      },
    },
    {
      advice: 'install Go, and it will be built from its module',
      find: async () => (existsSync(inToolchain) ? check(inToolchain) : build(progress, inToolchain)),
    },
    {
      advice: 'start a Docker engine',
      find: async () =>
        (await dockerAnswers()) ? { kind: 'docker', image: NATS_IMAGE } : { unavailable: 'none answers' },
    },
  ];
  // What the user names is used or refused: another server in its place would be a surprise.
  return firstOf(`nats-server >= ${NATS_FLOOR.join('.')}`, named ? choices.slice(0, 1) : choices);
}

async function check(file: string): Promise<NatsProgram | { unavailable: string }> {
  if (!executable(file)) return { unavailable: `${file} is not an executable file` };
  try {
    const { stdout } = await run(file, ['--version']);
    const version = parseVersion(stdout);
    if (version && atLeast(version, NATS_FLOOR)) return { kind: 'binary', file };
    return { unavailable: `${file} is version ${version?.join('.') ?? '?'}` };
  } catch (error) {
    return because(error);
  }
}

async function build(progress: Progress, target: string): Promise<NatsProgram | { unavailable: string }> {
  const go = findProgram('go');
  if (go === undefined) return { unavailable: 'there is no go on the PATH' };
  const folder = join(target, '..');
  try {
    await withLock(`${folder}.lock`, async () => {
      if (existsSync(target)) return;
      const partial = `${folder}.partial`;
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      const source = `github.com/nats-io/nats-server/v2@v${NATS_VERSION}`;
      await progress(`building nats-server ${NATS_VERSION} with Go (about a minute)`, () =>
        run(go, ['install', source], { ...process.env, GOBIN: partial, CGO_ENABLED: '0' }),
      );
      renameSync(partial, folder);
    });
  } catch (error) {
    return because(error);
  }
  return check(target);
}
