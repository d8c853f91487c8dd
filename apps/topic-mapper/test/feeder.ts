import { setTimeout as sleep } from 'node:timers/promises';
import { publish, shape, type MapperFixture } from './mapper-fixture.ts';

/** Appends numbered rows until it is stopped, as devices would: at some pace, and waiting where the log is full. */
export class Feeder implements AsyncDisposable {
  readonly #fixture: MapperFixture;
  readonly #running: Promise<void>;
  #stopped = false;
  #count = 0;

  constructor(fixture: MapperFixture, options: { bytes: number; perSecond: number }) {
    this.#fixture = fixture;
    this.#running = this.#run(options);
  }

  /** Stops and waits until all is in the log. @returns how many rows that are */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#running;
    await this.#fixture.appender.flush();
    return this.#count;
  }

  /** Ends it where a test fails before `stop`: it would publish on for ever. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    // What became of its last rows is nobody's question any more.
    return this.#running.catch(() => undefined);
  }

  async #run({ bytes, perSecond }: { bytes: number; perSecond: number }): Promise<void> {
    const { appender } = this.#fixture;
    const started = performance.now();
    while (!this.#stopped) {
      const due = ((performance.now() - started) / 1_000) * perSecond;
      for (; this.#count < due && !this.#stopped; this.#count++) {
        const partition = this.#count % shape.partitions;
        if (!appender.append(partition, publish(this.#count, { bytes }), null)) {
          await new Promise<void>((resolve) => appender.whenWritable(partition, resolve));
        }
      }
      await sleep(5);
    }
  }
}
