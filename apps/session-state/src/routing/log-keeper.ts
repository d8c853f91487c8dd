import type { JetStreamManager } from '@nats-io/jetstream';
import { clusterOf } from '@tributary/contracts';
import { LogPurger, type CursorEntry, type CursorRegistry, type LogContent } from '@tributary/log';
import type { Service } from '@tributary/service';
import type { settings } from '../config.ts';
import { every } from '../every.ts';

export interface LogKeeperOptions {
  readonly service: Service<typeof settings>;
  readonly manager: JetStreamManager;
  readonly cursors: CursorRegistry;
  readonly partition: number;
}

/** Keeps one partition of the log as small as its readers allow, and says how large it is, until disposed of. */
export class LogKeeper implements Disposable {
  readonly #service: Service<typeof settings>;
  readonly #partition: number;
  readonly #scope = new DisposableStack();
  #content: LogContent | null = null;

  constructor({ service, manager, cursors, partition }: LogKeeperOptions) {
    const { config, metrics, log } = service;
    this.#service = service;
    this.#partition = partition;
    const purger = new LogPurger(manager, cursors, {
      duplicateWindowMs: config['log.duplicateWindowMs'],
      optionalFill: config['log.optionalFill'],
      onGivenUp: (entry, messages) => this.#givenUp(entry, messages),
      onContent: (content) => (this.#content = content),
    });
    const labels = { partition: String(partition) };
    this.#scope.use(metrics.gauge('tributary_session_log_bytes', labels, () => this.#content?.bytes));
    this.#scope.use(metrics.gauge('tributary_session_log_messages', labels, () => this.#content?.messages));
    this.#scope.use(
      every(
        config['log.purgeMs'],
        () => purger.purge(config['log.generation'], partition),
        (error) => log.warn({ error, partition }, 'the log could not be purged'),
      ),
    );
  }

  [Symbol.dispose](): void {
    this.#scope.dispose();
  }

  #givenUp({ reader, cursor }: CursorEntry, messages: number): void {
    const { log, metrics } = this.#service;
    const cluster = clusterOf(reader);
    const partition = this.#partition;
    metrics
      .counter('tributary_session_log_given_up_messages_total', { cluster, partition: String(partition) })
      .add(messages);
    log.error(
      { cluster, partition, messages, givenUp: cursor.givenUp },
      'the log is short of room: messages are given up for a cluster that is not required',
    );
  }
}
