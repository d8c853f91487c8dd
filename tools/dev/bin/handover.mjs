import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname } from 'node:path';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
// One Ctrl-C reaches us twice: from the terminal, and passed on by npm, which received it, too.
const SAME_KEYSTROKE_MS = 300;

/** Runs a script under `node` in our place. Resolves to the exit code that we should end with. */
export function handOver(node, script, args, cwd) {
  return new Promise((resolve) => {
    // Its own session, so that each signal reaches it once, through us. The channel tells it should we be killed.
    const child = spawn(node, [script, ...args], {
      cwd,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      detached: true,
      env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
    });
    const last = new Map();
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        const now = performance.now();
        if (now - (last.get(signal) ?? -Infinity) > SAME_KEYSTROKE_MS) child.kill(signal);
        last.set(signal, now);
      });
    }
    child.on('error', (error) => {
      console.error(`cannot run ${node}: ${error.message}`);
      resolve(127);
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}
