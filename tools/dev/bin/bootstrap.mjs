#!/usr/bin/env node
// The first step of every command, in JavaScript that Node 20 understands: installs what is missing, gets a Node 24 and
// goes on under it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FLOOR = 20;
const COMMANDS = {
  start: 'tools/dev/src/start.ts',
  test: 'tools/dev/src/test.ts',
  check: 'tools/dev/src/check.ts',
  demo: 'tools/demo/src/main.ts',
  bench: 'tools/bench/src/main.ts',
  faults: 'tools/faults/src/main.ts',
  conformance: 'tools/conformance/src/main.ts',
  users: 'apps/mqtt-ingress/src/users/command.ts',
  generate: 'tools/generators/src/main.ts',
};

if (Number(process.versions.node.split('.')[0]) < FLOOR) {
  console.error(`this is Node ${process.version}; Tributary needs Node ${FLOOR} or newer to start`);
  process.exit(78);
}

const { Failure } = await import('./progress.mjs');
const { installDependencies } = await import('./dependencies.mjs');
const { node24 } = await import('./node24.mjs');
const { handOver } = await import('./handover.mjs');

const root = fileURLToPath(new URL('../../../', import.meta.url));
const [command = '', ...args] = process.argv.slice(2);

try {
  const script = COMMANDS[command];
  if (script === undefined) {
    throw new Failure(`unknown command "${command}"; there are ${Object.keys(COMMANDS).join(', ')}`);
  }
  if (!existsSync(join(root, 'package-lock.json'))) throw new Failure(`${root} holds no package-lock.json`);
  await installDependencies(root);
  process.exitCode = await handOver(await node24(root), join(root, script), args, process.cwd());
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
