import { spawn } from 'node:child_process';
import { Failure } from './progress.mjs';

/** Runs npm to its end. What it prints is shown only if it fails. */
export function npm(args, cwd) {
  // `npm start` tells which npm it is; a direct call of the script takes the one on the PATH.
  const own = process.env.npm_execpath;
  const [file, first] = own?.endsWith('.js') ? [process.execPath, [own]] : ['npm', []];
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...first, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    const collect = (chunk) => (printed = (printed + chunk).slice(-8000));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) =>
      reject(new Failure(`cannot run npm (${error.message}); install npm and try again`)),
    );
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Failure(`npm ${args.join(' ')} failed with exit code ${code}:\n${printed.trim()}`));
    });
  });
}
