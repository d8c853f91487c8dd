import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from './workspace-root.ts';

const leftOut = new Set(['node_modules', 'dist', '.git', '.nx', '.tributary']);

/** A copy of the workspace in a folder of its own, with the installed packages of this one. */
export class WorkspaceCopy implements AsyncDisposable {
  readonly root: string;

  private constructor(folder: string) {
    this.root = folder;
  }

  static async create(): Promise<WorkspaceCopy> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'tributary-workspace-')));
    await cp(root, folder, { recursive: true, filter: (source) => !leftOut.has(basename(source)) });
    const copy = new WorkspaceCopy(folder);
    await copy.#linkPackages('node_modules');
    for (const parent of ['apps', 'libs', 'tools']) {
      for (const project of await readdir(join(root, parent))) {
        await copy.#linkPackages(join(parent, project, 'node_modules'));
        await copy.linkProject(join(parent, project));
      }
    }
    return copy;
  }

  /** What npm does for a project of the workspace. */
  async linkProject(folder: string): Promise<void> {
    const link = join(this.root, 'node_modules/@tributary', basename(folder));
    await mkdir(join(this.root, 'node_modules/@tributary'), { recursive: true });
    await symlink(join(this.root, folder), link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true });
  }

  /** Links each package, not the folder as a whole: our own must lead into the copy. */
  async #linkPackages(folder: string): Promise<void> {
    for (const entry of await list(join(root, folder))) {
      if (entry === '@tributary') continue;
      await mkdir(join(this.root, folder), { recursive: true });
      await symlink(join(root, folder, entry), join(this.root, folder, entry));
    }
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}
