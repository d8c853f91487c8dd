import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createProject } from '../src/create-project.ts';
import type { ProjectKind } from '../src/create-project.ts';
import { ownedFolders, readOwners } from '../src/owners.ts';
import { WorkspaceCopy } from './workspace-copy.ts';

const run = promisify(execFile);

/** Runs a script with this Node in the copy; its output. Fails as the script fails. */
async function node(workspace: WorkspaceCopy, folder: string, ...args: string[]): Promise<string> {
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], NX_DAEMON: 'false' };
  try {
    const { stdout } = await run(process.execPath, args, {
      cwd: join(workspace.root, folder),
      env: environment,
    });
    return stdout;
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    throw new Error(`${args.join(' ')} failed:\n${output}`, { cause: error });
  }
}

const bin = (script: string): string => join('node_modules', script);

const owner = '@tributary/platform';
const expected: readonly (readonly [kind: ProjectKind, name: string, folder: string])[] = [
  ['service', 'river-gauge', 'apps/river-gauge'],
  ['lib', 'flow-rate', 'libs/flow-rate'],
];

test('a new service and a new library', async (context) => {
  await using workspace = await WorkspaceCopy.create();
  const folders: string[] = [];
  for (const [kind, name, folder] of expected) {
    assert.equal(await createProject(workspace.root, kind, name, owner), folder);
    await workspace.linkProject(folder);
    folders.push(folder);
  }

  await context.test('type-check', async () => {
    await node(workspace, '.', bin('typescript/bin/tsc'), '-b', ...folders);
  });

  await context.test('lint without a warning', async () => {
    await node(workspace, '.', bin('eslint/bin/eslint.js'), '--max-warnings', '0', ...folders);
  });

  await context.test('are formatted', async () => {
    await node(workspace, '.', bin('prettier/bin/prettier.cjs'), '--check', 'tsconfig.json', ...folders);
  });

  for (const folder of folders) {
    await context.test(`pass their own tests: ${folder}`, async () => {
      assert.match(await node(workspace, folder, '--test', 'test/**/*.test.ts'), /pass [1-9]/);
    });
  }

  await context.test('have an owner and are part of the solution', async () => {
    const owned = (await readOwners(workspace.root)).map(({ path }) => path);
    assert.deepEqual(
      (await ownedFolders(workspace.root)).filter((path) => !owned.includes(path)),
      [],
    );
    const solution = await readFile(join(workspace.root, 'tsconfig.json'), 'utf8');
    for (const folder of folders) assert.ok(solution.includes(`"path": "${folder}"`), folder);
  });

  await context.test('the service runs as a process and stops on SIGTERM', async () => {
    const child = execFile(process.execPath, ['src/main.ts'], {
      cwd: join(workspace.root, 'apps/river-gauge'),
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    });
    const exited = new Promise((resolve) => child.on('close', resolve));
    child.stdout?.on('data', (text: string) => {
      if (text.includes('"msg":"listening"')) child.kill('SIGTERM');
    });
    assert.equal(await exited, 0);
  });
});

test('a name that is none, or that is taken, creates nothing', async () => {
  await using workspace = await WorkspaceCopy.create();
  for (const name of ['River', 'river_gauge', '../river', '-river', '']) {
    await assert.rejects(createProject(workspace.root, 'lib', name, owner), /is no name/);
  }
  await assert.rejects(
    createProject(workspace.root, 'service', 'service', owner),
    /libs\/service is there already/,
  );
  await assert.rejects(access(join(workspace.root, 'apps/service')));
});
