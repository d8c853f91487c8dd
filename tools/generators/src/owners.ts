import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const file = '.github/CODEOWNERS';

/** A line of CODEOWNERS: a path from the root, `/libs/log/`, and its teams. */
export interface OwnerEntry {
  readonly path: string;
  readonly owners: readonly string[];
}

export async function readOwners(root: string): Promise<OwnerEntry[]> {
  const text = await readFile(join(root, file), 'utf8');
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .flatMap(([path, ...owners]) => (path ? [{ path, owners }] : []));
}

/** The folders that must have an owner of their own: every project, and every folder of docs. */
export async function ownedFolders(root: string): Promise<string[]> {
  const folders = ['/docs/'];
  for (const parent of ['apps', 'libs', 'tools', 'docs']) {
    for (const entry of await readdir(join(root, parent), { withFileTypes: true })) {
      if (entry.isDirectory()) folders.push(`/${parent}/${entry.name}/`);
    }
  }
  return folders.toSorted();
}

/** Adds a line for a folder among those of the same parent, in order. */
export async function addOwner(root: string, path: string, owner: string): Promise<void> {
  const lines = (await readFile(join(root, file), 'utf8')).split('\n');
  const parent = path.slice(0, path.indexOf('/', 1) + 1);
  const siblings = lines.flatMap((line, index) =>
    line.startsWith(parent) && line.length > parent.length ? [index] : [],
  );
  const before = siblings.find((index) => (lines[index] ?? '') > path);
  const at = before ?? (siblings.at(-1) ?? lines.length - 2) + 1;
  lines.splice(at, 0, `${path.padEnd(25)} ${owner}`);
  await writeFile(join(root, file), lines.join('\n'));
}
