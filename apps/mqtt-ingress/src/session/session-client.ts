import type { NatsConnection } from '@nats-io/transport-node';
import { subjects, type SessionAnswer, type SessionCommand } from '@tributary/contracts';
import { pause } from '../connect/abortable.ts';

/** Time for one request, in ms; commands are idempotent, so it is simply asked again. */
const REQUEST_MS = 1_500;
const RETRY_MS = 150;
/** Commands under way at once. More come only if session-state is away, and those fail at once. */
const MAX_UNDER_WAY = 10_000;

/** Commands of this node to session-state. */
export class SessionClient {
  readonly #nats: NatsConnection;
  #underWay = 0;

  constructor(nats: NatsConnection) {
    this.#nats = nats;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Asks until there is an answer or the signal aborts. Never rejects: no answer is `unavailable`. */
  async command(command: SessionCommand, signal: AbortSignal): Promise<SessionAnswer> {
    if (this.#underWay >= MAX_UNDER_WAY) {
      return { ok: false, code: 'busy', message: 'too many commands are under way' };
    }
    this.#underWay++;
    try {
      return await this.#ask(JSON.stringify(command), signal);
    } finally {
      this.#underWay--;
    }
  }

  async #ask(payload: string, signal: AbortSignal): Promise<SessionAnswer> {
    let last = 'no answer';
    while (!signal.aborted) {
      try {
        const reply = await this.#nats.request(subjects.sessionCommands, payload, { timeout: REQUEST_MS });
        const answer = reply.json<SessionAnswer>();
        if (answer.ok || (answer.code !== 'busy' && answer.code !== 'unavailable')) return answer;
        last = answer.message;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
      await pause(RETRY_MS, signal).catch(() => {});
    }
    return { ok: false, code: 'unavailable', message: `session-state did not answer in time: ${last}` };
  }
}
