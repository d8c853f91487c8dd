import { progressTo } from '@tributary/testing';
import { DevError } from './errors.ts';
import { say } from './screen/report.ts';
import { runNode, scriptOf } from './workspace-program.ts';

const checks: [what: string, script: () => string, args: string[]][] = [
  ['type check (tsc -b)', () => scriptOf('typescript', 'tsc'), ['-b']],
  ['lint (eslint)', () => scriptOf('eslint', 'eslint'), ['.']],
  [
    'format (prettier --check)',
    () => scriptOf('prettier', 'prettier'),
    ['--check', '--log-level', 'warn', '.'],
  ],
];

/** Type check, lint and format check, all of them, whatever the first says. Errors: `checks-failed`. */
export async function runChecks(): Promise<void> {
  const failed: string[] = [];
  for (const [what, script, args] of checks) {
    const code = await progressTo(say)(what, () => runNode([script(), ...args]));
    if (code !== 0) failed.push(what);
  }
  if (failed.length > 0) {
    const advice = 'npm run format puts the format right';
    throw new DevError('checks-failed', `failed: ${failed.join(', ')} (${advice})`);
  }
}
