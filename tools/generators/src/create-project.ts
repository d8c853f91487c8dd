import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { addOwner } from './owners.ts';
import { libFiles } from './templates/lib.ts';
import { serviceFiles } from './templates/service.ts';
import { ProjectName, json } from './templates/template.ts';

export type ProjectKind = 'service' | 'lib';

/**
 * Creates a service in apps/ or a library in libs/: its files, its line in CODEOWNERS, its reference in tsconfig.json.
 *
 * @param owner team, `@tributary/platform`
 * @returns its folder, from the root
 * @throws RangeError if the name is no name or is taken
 */
export async function createProject(
  root: string,
  kind: ProjectKind,
  name: string,
  owner: string,
): Promise<string> {
  const project = new ProjectName(name);
  for (const parent of ['apps', 'libs', 'tools']) {
    // The package name is the same wherever the folder is.
    if (await exists(join(root, parent, project.kebab)))
      throw new RangeError(`${parent}/${project.kebab} is there already`);
  }
  const folder = `${kind === 'service' ? 'apps' : 'libs'}/${project.kebab}`;
  const version = await workspaceVersion(root);
  const files = kind === 'service' ? serviceFiles(project, version) : libFiles(project, version);
  for (const [path, text] of Object.entries(files)) {
    const target = join(root, folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await formatted(target, text));
  }
  await addOwner(root, `/${folder}/`, owner);
  await addReference(root, folder);
  return folder;
}

/** As `npm run format` would leave it. */
async function formatted(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}

async function addReference(root: string, folder: string): Promise<void> {
  const file = join(root, 'tsconfig.json');
  const config: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!isSolution(config)) throw new TypeError(`${file} has no references`);
  config.references.push({ path: folder });
  await writeFile(file, json(config));
}

function isSolution(value: unknown): value is { references: { path: string }[] } {
  return (
    typeof value === 'object' && value !== null && 'references' in value && Array.isArray(value.references)
  );
}

async function workspaceVersion(root: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return known ? String(manifest.version) : '0.0.0';
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
