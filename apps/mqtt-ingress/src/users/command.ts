import { randomBytes } from 'node:crypto';
import { chmod, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { LEAST_ITERATIONS, saslPrepare, scramVerifier } from '@tributary/mqtt';
import { environmentName, exitCodes } from '@tributary/service';
import { readPassword } from './password-input.ts';
import { withUser } from './users-edit.ts';
import { nameProblem, parseUsers, userLine } from './users-file.ts';

const VARIABLE = environmentName('auth.usersFile');
const USAGE = `usage: npm run users -- add NAME [--file FILE] [--iterations N]

Adds a user, or gives it another password, which is read from standard input. FILE is the one of auth.usersFile; without
it, and without ${VARIABLE}, the line is only printed. N: ${LEAST_ITERATIONS} unless given; more makes a stolen file
worth less, and a plain password cost more to check.
`;
const SALT_BYTES = 16;
const OWNER_ONLY = 0o600;

/** Wrong values; what else goes wrong is answered with the usage. */
class UsageError extends Error {}

async function run(args: string[]): Promise<void> {
  const options = { file: { type: 'string' }, iterations: { type: 'string' } } as const;
  const { positionals, values } = parseArgs({ args, options, allowPositionals: true });
  const [verb, given, ...more] = positionals;
  if (verb !== 'add' || given === undefined || more.length > 0)
    throw new Error('it can add NAME, and nothing else');
  const name = saslPrepare(given);
  const problem = nameProblem(name);
  if (problem !== null) throw new UsageError(problem);
  const iterations = Number(values.iterations ?? LEAST_ITERATIONS);
  if (!Number.isInteger(iterations) || iterations < LEAST_ITERATIONS || iterations > 1_000_000) {
    throw new UsageError(`iterations are between ${LEAST_ITERATIONS} and 1000000`);
  }
  const file = values.file ?? process.env[VARIABLE] ?? '';
  const before = file === '' ? '' : await textOf(file);
  const password = await readPassword(`Password of ${name}: `);
  if (password === '') throw new UsageError('the password is empty');
  const verifier = await scramVerifier(Buffer.from(password, 'utf8'), randomBytes(SALT_BYTES), iterations);
  if (file === '') {
    process.stdout.write(`${userLine(name, verifier)}\n`);
    return;
  }
  const after = withUser(before, name, verifier);
  const parsed = parseUsers(after);
  if ('findings' in parsed) {
    const findings = parsed.findings.map(({ line, message }) => `  ${file}:${line}: ${message}`);
    throw new UsageError(['the file cannot be used, nothing was written:', ...findings].join('\n'));
  }
  await replace(file, after);
  process.stdout.write(`${name} is in ${file}, which holds ${parsed.content.verifiers.size} users\n`);
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

/** At once, so that no node reads half of it; with the rights it had. */
async function replace(file: string, text: string): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const mode = await stat(target).then(
    ({ mode }) => mode & 0o777,
    () => OWNER_ONLY,
  );
  const temporary = `${target}.${process.pid}`;
  await writeFile(temporary, text, { mode: OWNER_ONLY, flag: 'wx' });
  await chmod(temporary, mode);
  await rename(temporary, target);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n${error instanceof UsageError ? '' : `\n${USAGE}`}`);
  process.exitCode = exitCodes.config;
}
