import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { npm } from './npm.mjs';
import { step } from './progress.mjs';

/** Installs the dependencies if package-lock.json is not the one of the last installation. Needs no network otherwise. */
export async function installDependencies(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const stamp = join(root, '.tributary', 'dependencies.sha256');
  const digest = createHash('sha256').update(lock).digest('hex');
  const stamped = existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
  if (stamped && existsSync(join(root, 'node_modules'))) return;
  if (!isInstalled(root, JSON.parse(lock.toString('utf8')))) {
    await step('installing dependencies with npm', () => npm(['ci', '--no-audit', '--no-fund'], root));
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

/** Whether somebody has run `npm install` since: npm notes in node_modules what it has put there. */
export function isInstalled(root, lock) {
  const note = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(note)) return false;
  const { packages: installed } = JSON.parse(readFileSync(note, 'utf8'));
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = installed[path];
    return found === undefined ? wanted.optional === true : found.version === wanted.version;
  });
}
