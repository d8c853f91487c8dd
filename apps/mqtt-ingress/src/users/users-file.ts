import { formatVerifier, parseVerifier, saslPrepare, type ScramVerifier } from '@tributary/mqtt';

/** What is wrong with a line, and what to do. */
export interface UsersFinding {
  /** From 1. */
  line: number;
  message: string;
}

export interface UsersContent {
  verifiers: ReadonlyMap<string, ScramVerifier>;
  /** What the salts of users that do not exist are made of, on every node the same. */
  seed: Uint8Array;
}

/** A user name goes into every row of its connections. */
const MAX_NAME_BYTES = 256;
/** More would cost a client that knows a name too much of its own time, or ours of a plain password. */
const MOST_ITERATIONS = 1_000_000;
const LEAST_SEED_BYTES = 16;
/** Findings worth reading at once. */
const MAX_FINDINGS = 20;

const SEED_LINE = /^seed:\s*([A-Za-z0-9+/]+=*)$/;
const ADD = 'npm run users -- add NAME';
const SEED_ADVICE = `write "seed: " and the output of "openssl rand -base64 32" into one, or let "${ADD}" do it`;

export function seedLine(seed: Uint8Array): string {
  return `seed: ${Buffer.from(seed).toString('base64')}`;
}

export function userLine(name: string, verifier: ScramVerifier): string {
  return `${name} ${formatVerifier(verifier)}`;
}

/** What makes a name none that a line can hold; null: nothing. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'the name is empty';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `the name is longer than ${MAX_NAME_BYTES} bytes`;
  if (/\p{Cc}/u.test(name)) return 'the name holds a control character';
  if (name.startsWith('#')) return 'a line that begins with # is a comment';
  if (name !== name.trim()) return 'the name begins or ends with a space';
  return saslPrepare(name) === name
    ? null
    : `the name must be written ${JSON.stringify(saslPrepare(name))} (RFC 4013)`;
}

/** The name that a line is about, or null for another line. */
export function nameOf(line: string): string | null {
  const at = line.lastIndexOf(' ');
  return at > 0 && line.slice(at + 1).startsWith('SCRAM-SHA-256$') ? line.slice(0, at).trim() : null;
}

/**
 * Reads a file of users: a seed, and a line for each with its name and its verifier; `#` begins a comment.
 *
 *     seed: 8NRxQm…
 *     gateway-7 SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>
 */
export function parseUsers(text: string): { content: UsersContent } | { findings: UsersFinding[] } {
  const reading: Reading = { verifiers: new Map(), lines: new Map(), seed: null };
  const findings: UsersFinding[] = [];
  for (const [index, whole] of text.split('\n').entries()) {
    const content = whole.trim();
    if (content === '' || content.startsWith('#')) continue;
    const message = readLine(content, index + 1, reading);
    if (message !== null) findings.push({ line: index + 1, message });
    if (findings.length === MAX_FINDINGS) break;
  }
  const { verifiers, seed } = reading;
  if (seed === null && findings.length === 0)
    findings.push({ line: 1, message: `there is no seed; ${SEED_ADVICE}` });
  return findings.length > 0 || seed === null ? { findings } : { content: { verifiers, seed } };
}

interface Reading {
  verifiers: Map<string, ScramVerifier>;
  lines: Map<string, number>;
  seed: Uint8Array | null;
}

/** @returns what is wrong with it and what to do, or null */
function readLine(content: string, line: number, reading: Reading): string | null {
  const seed = SEED_LINE.exec(content)?.[1];
  if (seed !== undefined) {
    reading.seed = Buffer.from(seed, 'base64');
    if (reading.seed.length >= LEAST_SEED_BYTES) return null;
    return `the seed has less than ${LEAST_SEED_BYTES} bytes; ${SEED_ADVICE}`;
  }
  const name = nameOf(content);
  if (name === null) return `a line is a name, a space and a verifier; write it with "${ADD}"`;
  const problem = nameProblem(name);
  if (problem !== null) return problem;
  const first = reading.lines.get(name);
  if (first !== undefined) return `"${name}" is in line ${first} already; delete one of them`;
  const verifier = parseVerifier(content.slice(content.lastIndexOf(' ') + 1));
  if (typeof verifier === 'string') {
    return `the verifier of "${name}": ${verifier}; make a new one with "${ADD}"`;
  }
  if (verifier.iterations > MOST_ITERATIONS) {
    return `${verifier.iterations} iterations of "${name}" are more than ${MOST_ITERATIONS}; make a new verifier with "${ADD}"`;
  }
  reading.lines.set(name, line);
  reading.verifiers.set(name, verifier);
  return null;
}
