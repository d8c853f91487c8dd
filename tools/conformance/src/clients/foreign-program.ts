import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, toolchainFolder } from '@tributary/testing';
import { outputOf } from '../suites/output.ts';
import { readChecks, type DeviceClient } from './device-client.ts';

const SOURCES = fileURLToPath(new URL('../../clients/', import.meta.url));
const TIMEOUT_MS = 120_000;
/** The first build of rumqttc fetches and compiles its dependencies. */
const BUILD_MS = 600_000;

/** A program of ours on a client library of others. `prepare` finds, or builds, what is started with HOST PORT VERSION PREFIX. */
function foreignProgram(name: string, prepare: () => Promise<readonly string[] | string>): DeviceClient {
  let command: readonly string[] = [];
  return {
    name,
    prepare: async () => {
      const prepared = await prepare();
      if (typeof prepared === 'string') return prepared;
      command = prepared;
      return null;
    },
    run: async ({ host, port }, version, prefix) => {
      const [file = '', ...args] = command;
      const all = [...args, host, String(port), String(version), prefix];
      const { stdout } = await outputOf(file, all, { cwd: SOURCES, timeoutMs: TIMEOUT_MS });
      return readChecks(stdout);
    },
  };
}

/** Python of the system, or another that is first in PATH: the one that has paho. */
export const pahoPython = foreignProgram('paho Python', async () => {
  for (const file of ['python3', '/usr/bin/python3']) {
    const options = { cwd: SOURCES, timeoutMs: TIMEOUT_MS };
    const looked = await outputOf(file, ['-c', 'import paho.mqtt.client'], options).catch(() => null);
    if (looked?.code === 0) return [file, 'paho_python.py'];
  }
  return 'no python3 has the package paho-mqtt';
});

export const pahoC = foreignProgram('paho C', async () => {
  const compiler = findProgram('cc');
  if (compiler === undefined) return 'there is no C compiler';
  const file = join(built('paho-c'), 'paho_c');
  const args = ['-Wall', '-Wextra', '-o', file, 'paho_c.c', '-lpaho-mqtt3c'];
  const { code, stderr } = await outputOf(compiler, args, { cwd: SOURCES, timeoutMs: TIMEOUT_MS });
  return code === 0 ? [file] : `it does not compile: ${stderr.trim().split('\n')[0]}`;
});

export const rumqttc = foreignProgram('rumqttc', async () => {
  const cargo = findProgram('cargo');
  if (cargo === undefined) return 'there is no cargo';
  // Built outside the sources, which stay as they are.
  const folder = built('rumqttc');
  cpSync(join(SOURCES, 'rumqttc'), folder, { recursive: true });
  const options = { cwd: folder, timeoutMs: BUILD_MS };
  const { code, stderr } = await outputOf(cargo, ['build', '--release', '--quiet'], options);
  const file = join(folder, 'target', 'release', 'rumqttc-device');
  return code === 0 ? [file] : `it does not build: ${stderr.trim().split('\n')[0]}`;
});

function built(name: string): string {
  const folder = join(toolchainFolder(), 'conformance', name);
  mkdirSync(folder, { recursive: true });
  return folder;
}
