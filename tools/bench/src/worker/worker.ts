import { fork, type ChildProcess } from 'node:child_process';
import { BenchError } from '../errors.ts';
import type { Contract, Reply, Request } from './contract.ts';

interface Pending {
  resolve: (answer: unknown) => void;
  reject: (error: BenchError) => void;
}

/** A process of the bench's own, asked by messages. It ends when this process does. */
export class Worker<C extends Contract> implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #last = 0;

  /** @param plan given to the worker as its one argument, as JSON */
  constructor(name: string, file: URL, plan: object, nodeArgs: readonly string[] = []) {
    this.name = name;
    this.#child = fork(file, [JSON.stringify(plan)], {
      execArgv: [...nodeArgs],
      serialization: 'advanced',
      stdio: ['ignore', 2, 2, 'ipc'],
      // A Ctrl-C is for us: it must not end half of a measurement.
      detached: true,
    });
    this.#child.on('message', (reply) => this.#settle(reply as Reply));
    this.#ended = new Promise((resolve) =>
      this.#child.once('exit', (code, signal) => {
        const how = signal ?? `exit code ${code}`;
        for (const { reject } of this.#pending.values())
          reject(new BenchError('worker-ended', `the ${name} has ended (${how})`));
        this.#pending.clear();
        resolve();
      }),
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Rejects with `worker-ended` if the worker fails or has ended. */
  ask<K extends keyof C & string>(command: K, argument: C[K]['argument']): Promise<C[K]['answer']> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#pending.set(id, { resolve, reject });
      const request: Request = { id, command, argument };
      this.#child.send(request, (error) => {
        if (!error) return;
        this.#pending.delete(id);
        reject(new BenchError('worker-ended', `the ${this.name} cannot be asked: ${error.message}`));
      });
    });
  }

  /** Lets the worker end by itself, so that it can write a profile. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.connected)
      this.#child.disconnect();
    await this.#ended;
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('failure' in reply)
      pending?.reject(new BenchError('worker-ended', `the ${this.name} failed: ${reply.failure}`));
    else pending?.resolve(reply.answer);
  }
}
