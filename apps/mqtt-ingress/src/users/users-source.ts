import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { SettingsError, type Service } from '@tributary/service';
import { parseUsers, type UsersFinding } from './users-file.ts';
import { Users } from './users.ts';

const COMPONENT = 'users';
const SETTING = 'auth.usersFile';
/** How often the file is looked at. Its name may be a link that is moved, so nothing less than looking shows a change. */
const LOOK_MS = 1_000;
/** A file larger than this is a mistake, and would hold up the event loop. */
const MAX_BYTES = 32 * 1024 * 1024;

type Version = { stamp: string; users: Users } | { stamp: string; findings: UsersFinding[] };

/**
 * The users of a file, the newest version of it that can be used. A version that cannot changes nothing, which the log and
 * the health say until it is mended.
 */
export class UsersSource {
  readonly #service: Pick<Service, 'health' | 'log' | 'signal'>;
  readonly #path: string;
  #stamp = '';
  #current: Users;

  /** @throws SettingsError if the file cannot be used */
  static async open(service: Pick<Service, 'health' | 'log' | 'signal'>, path: string): Promise<UsersSource> {
    const version = await read(path, '');
    if (version === null || 'findings' in version) {
      const problems = version?.findings ?? [];
      throw new SettingsError(
        problems.map(({ line, message }) => ({
          setting: SETTING,
          source: line > 0 ? `${path}:${line}` : SETTING,
          message,
        })),
      );
    }
    const source = new UsersSource(service, path, version.stamp, version.users);
    void source.#follow();
    return source;
  }

  private constructor(
    service: Pick<Service, 'health' | 'log' | 'signal'>,
    path: string,
    stamp: string,
    users: Users,
  ) {
    this.#service = service;
    this.#path = path;
    this.#stamp = stamp;
    this.#current = users;
    this.#take(users);
  }

  get current(): Users {
    return this.#current;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#service;
    while (!signal.aborted) {
      await delay(LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      const version = await read(this.#path, this.#stamp);
      if (version === null) continue;
      this.#stamp = version.stamp;
      if ('users' in version) this.#take(version.users);
      else this.#keep(version.findings);
    }
  }

  #take(users: Users): void {
    this.#current = users;
    this.#service.health.set(COMPONENT, true);
    this.#service.log.info({ file: this.#path, users: users.size }, 'users read');
  }

  #keep(findings: UsersFinding[]): void {
    const [first] = findings;
    const place = first !== undefined && first.line > 0 ? `${this.#path}:${first.line}` : this.#path;
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
    this.#service.health.warn(COMPONENT, `${place}: ${first?.message}${more}; the users read before stay`);
    this.#service.log.error({ file: this.#path, findings }, 'users not read, those read before stay');
  }
}

/** The version of the file that is there now; null if it is the one with this stamp. */
async function read(path: string, known: string): Promise<Version | null> {
  let stamp = 'none';
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(path);
    stamp = [mtimeMs, ctimeMs, size, ino].join();
    if (stamp === known) return null;
    if (size > MAX_BYTES) {
      return { stamp, findings: [{ line: 0, message: `the file is larger than ${MAX_BYTES} bytes` }] };
    }
    const parsed = parseUsers(await readFile(path, 'utf8'));
    return 'content' in parsed ? { stamp, users: new Users(parsed.content) } : { stamp, ...parsed };
  } catch (error) {
    stamp = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return stamp === known ? null : { stamp, findings: [{ line: 0, message: stamp }] };
  }
}
