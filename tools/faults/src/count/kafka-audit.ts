import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { findProgram, guard } from '@tributary/testing';
import { FaultsError } from '../errors.ts';
import { RecordLedger } from './record-ledger.ts';

// Of librdkafka: what it waits for at most, so that what it counts is what is there.
const SETTINGS = [
  'isolation.level=read_committed',
  'check.crcs=true',
  'fetch.wait.max.ms=50',
  'fetch.error.backoff.ms=50',
  'reconnect.backoff.max.ms=500',
  'topic.metadata.refresh.interval.ms=1000',
];

/**
 * Reads one Kafka topic from its beginning with kcat, a program that shares no code with what it counts, and sees only
 * what is committed.
 */
export class KafkaAudit implements AsyncDisposable {
  readonly ledger = new RecordLedger();
  readonly topic: string;
  readonly #brokers: string;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #ended = false;
  /** Times that kcat ended by itself and began again. */
  restarts = 0;

  private constructor(program: string, brokers: readonly string[], topic: string) {
    this.#program = program;
    this.#brokers = brokers.join(',');
    this.topic = topic;
  }

  /** @throws FaultsError 'no-kcat' */
  static start(brokers: readonly string[], topic: string): KafkaAudit {
    const program = findProgram('kcat');
    if (program === undefined) throw new FaultsError('no-kcat', 'kcat counts what is in Kafka: install it');
    const audit = new KafkaAudit(program, brokers, topic);
    audit.#spawn();
    return audit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  #spawn(): void {
    const consume = ['-C', '-E', '-u', '-q', '-b', this.#brokers, '-t', this.topic, '-o', 'beginning'];
    const settings = SETTINGS.flatMap((setting) => ['-X', setting]);
    const child = spawn(this.#program, [...consume, '-f', '%k %s\\n', ...settings], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#child = child;
    const release = child.pid === undefined ? undefined : guard(`pid:${child.pid}`);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const space = line.indexOf(' ');
      this.ledger.see(line.slice(0, space), Number.parseInt(line.slice(space + 1), 10));
    });
    child.once('close', () => {
      release?.();
      if (this.#ended) return;
      // It counts from the beginning again: nothing it has seen is taken on trust.
      this.restarts++;
      this.ledger.clear();
      setTimeout(() => this.#ended || this.#spawn(), 200).unref();
    });
  }
}
