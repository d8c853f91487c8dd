import { randomBytes } from 'node:crypto';
import type { ScramVerifier } from '@tributary/mqtt';
import { nameOf, seedLine, userLine } from './users-file.ts';

const SEED_BYTES = 32;
const HEADING =
  '# Users of mqtt-ingress (auth.usersFile): a name and its SCRAM-SHA-256 verifier. Keep it as secret as passwords.';

/** The text of a file of users with this one added, or its verifier replaced; all other lines stay as they are. */
export function withUser(text: string, name: string, verifier: ScramVerifier): string {
  const lines = text === '' ? [HEADING] : text.replace(/\n$/, '').split('\n');
  if (!lines.some((line) => line.trim().startsWith('seed:'))) {
    const at = lines.findIndex((line) => !line.trim().startsWith('#'));
    lines.splice(at < 0 ? lines.length : at, 0, seedLine(randomBytes(SEED_BYTES)));
  }
  const place = lines.findIndex((line) => nameOf(line.trim()) === name);
  if (place < 0) lines.push(userLine(name, verifier));
  else lines[place] = userLine(name, verifier);
  return `${lines.join('\n')}\n`;
}
