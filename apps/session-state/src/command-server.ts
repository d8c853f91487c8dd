import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { subjects, type SessionAnswer, type SessionCommand } from '@tributary/contracts';
import type { Log } from '@tributary/service';
import type { CommandHandler } from './subscriptions/command-handler.ts';

/** Commands worked on at the same time; beyond it nodes are told to come again. */
const MAX_RUNNING = 10_000;

/** Answers the session commands of ingress nodes while this process holds the lease. */
export class CommandServer implements AsyncDisposable {
  readonly #nats: NatsConnection;
  readonly #handler: CommandHandler;
  readonly #log: Log;
  readonly #subscription: Subscription;
  #running = 0;

  constructor(nats: NatsConnection, handler: CommandHandler, log: Log) {
    this.#nats = nats;
    this.#handler = handler;
    this.#log = log;
    this.#subscription = nats.subscribe(subjects.sessionCommands, {
      queue: 'session-state',
      callback: (error, message) => {
        if (!error) void this.#serve(message);
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The end of draining is never told of a connection that is closed meanwhile.
    await Promise.race([this.#subscription.drain().catch(() => {}), this.#nats.closed()]);
  }

  async #serve(message: Msg): Promise<void> {
    const answer = (value: SessionAnswer): boolean => message.respond(JSON.stringify(value));
    if (this.#running >= MAX_RUNNING) {
      answer({ ok: false, code: 'busy', message: 'too many commands at once' });
      return;
    }
    this.#running++;
    try {
      const handled = await this.#handler.handle(message.json<SessionCommand>());
      answer(handled.answer);
      await handled.afterwards?.();
    } catch (error) {
      this.#log.warn({ error }, 'a session command failed');
      answer({ ok: false, code: 'unavailable', message: 'the command could not be carried out' });
    } finally {
      this.#running--;
    }
  }
}
