import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { root } from './workspace-root.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly exports?: object;
  readonly nx: { readonly tags: readonly string[] };
}

interface Project {
  /** From the root: `libs/log`. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Folders of the projects its tsconfig.json refers to, from the root. */
  readonly references: readonly string[];
  /** Source and test files, from its folder. */
  readonly files: readonly string[];
}

const typeOf: Readonly<Record<string, readonly string[]>> = {
  apps: ['type:app'],
  libs: ['type:lib', 'type:contract'],
  tools: ['type:tool'],
};

const projects = await readProjects();
const folderOf = new Map(projects.map(({ folder, manifest }) => [manifest.name, folder]));
const version = (await readJson<Manifest>('package.json')).version;

for (const { folder, manifest, references, files } of projects) {
  const parent = dirname(folder);

  test(`${folder} has the manifest of a project`, () => {
    assert.equal(manifest.name, `@tributary/${basename(folder)}`);
    assert.equal(manifest.version, version);
    assert.equal(manifest.license, 'Apache-2.0');
    assert.ok(manifest.scripts['test'] && manifest.scripts['typecheck'], 'Nx runs test and typecheck');
    assert.equal(
      manifest.exports !== undefined,
      parent === 'libs',
      'libraries are imported, nothing else is',
    );
  });

  test(`${folder} has one type and one scope`, () => {
    const types = manifest.nx.tags.filter((tag) => tag.startsWith('type:'));
    const scopes = manifest.nx.tags.filter((tag) => tag.startsWith('scope:'));
    assert.equal(manifest.nx.tags.length, 2);
    assert.ok(
      types.length === 1 && typeOf[parent]?.includes(types[0] ?? ''),
      `type of ${parent}, not ${types.join()}`,
    );
    const scope = { apps: basename(folder), libs: 'shared', tools: 'tools' }[parent];
    assert.deepEqual(scopes, [`scope:${scope}`]);
  });

  test(`${folder} refers to the projects it depends on, and to no other`, () => {
    const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    const expected = dependencies.flatMap((name) => folderOf.get(name) ?? []);
    assert.deepEqual([...references].toSorted(), expected.toSorted());
  });

  test(`${folder} has a README`, async () => {
    assert.match(await readFile(join(root, folder, 'README.md'), 'utf8'), /^# /);
  });

  test(`${folder} names its files after nouns`, () => {
    const names = files.map((file) => basename(file));
    assert.deepEqual(
      names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name)),
      [],
    );
    assert.deepEqual(
      names.filter((name) => /^(index|utils?|helpers?|misc|common-utils?)\.ts$/.test(name)),
      [],
    );
    // mod.ts is the one barrel, at the top of src.
    assert.deepEqual(
      files.filter((file) => basename(file) === 'mod.ts' && file !== 'src/mod.ts'),
      [],
    );
  });
}

test('the solution has every project', async () => {
  const { references } = await readJson<{ references: { path: string }[] }>('tsconfig.json');
  assert.deepEqual(
    references.map(({ path }) => path).toSorted(),
    projects.map(({ folder }) => folder).toSorted(),
  );
});

async function readProjects(): Promise<Project[]> {
  const found: Project[] = [];
  for (const parent of Object.keys(typeOf)) {
    for (const name of await readdir(join(root, parent))) {
      const folder = join(parent, name);
      const { references = [] } = await readJson<{ references?: { path: string }[] }>(
        join(folder, 'tsconfig.json'),
      );
      found.push({
        folder,
        manifest: await readJson<Manifest>(join(folder, 'package.json')),
        references: references.map(({ path }) => join(folder, path)),
        files: [...(await sources(folder, 'src')), ...(await sources(folder, 'test'))],
      });
    }
  }
  return found;
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(join(root, path), 'utf8')) as T;
}

async function sources(folder: string, part: string): Promise<string[]> {
  try {
    const files = await readdir(join(root, folder, part), { recursive: true });
    return files
      .filter((file) => file.endsWith('.ts') && !file.startsWith('gen/'))
      .map((file) => join(part, file));
  } catch {
    return [];
  }
}
