import { LogError } from '@tributary/log';
import type { Model, Step } from '@tributary/testing';
import { HaltError } from '../../src/errors.ts';
import { SHIPPED, type Bounds, type Rules } from './mapper-rules.ts';
import {
  asPart,
  AWAY,
  halt,
  identityOf,
  nameOf,
  newWorld,
  partsOf,
  renumberEpochs,
  rowsOf,
  type Owner,
  type World,
  type WriteRequest,
} from './mapper-world.ts';

/** The mapper's partition worker, twice, between a log and an OUT. Every read and every write is a step. */
export class MapperModel implements Model<World> {
  readonly initial: World;
  readonly #rules: Rules;
  readonly #bounds: Bounds;
  readonly #rows: string;

  constructor({ messages, releases, ...faults }: Bounds, rules: Rules = SHIPPED) {
    this.#rules = rules;
    this.#bounds = { messages, releases, ...faults };
    this.#rows = rowsOf(1, messages);
    this.initial = newWorld(messages, faults);
  }

  /** OUT has each row once, in order, and no log loses what nobody has read. */
  broken({ stored, log }: World): string | null {
    if (log.incarnation !== 'a' && log.first > 1) return 'the new log was purged by cursors of the old one';
    return this.#rows.startsWith(stored) ? null : `OUT was given ${stored} of ${this.#rows}`;
  }

  /** All rows are in OUT; or the log was created anew, and whoever holds the lease has said so and stands still. */
  done({ stored, log, lease, owners }: World): boolean {
    if (log.incarnation === 'a') return stored === this.#rows;
    return owners[lease.holder]?.finding === 'incarnation-unknown';
  }

  *steps(world: World): Generator<Step<World>> {
    yield* this.#surroundings(world);
    for (const [index, owner] of world.owners.entries()) yield* this.#owner(world, index, owner);
    for (const at of world.writes.keys()) {
      yield { name: `OUT gets ${nameOf(world.writes[at])}`, apply: (next) => this.#receive(next, at) };
    }
  }

  *#surroundings({ left, log, cursor, other, mapping, out }: World): Generator<Step<World>> {
    const { keepsLast, lowestOf: lowest, purgeableUpTo: upTo } = this.#rules;
    const purgeable = upTo(lowest([cursor, other], log.incarnation), log.last);
    if (purgeable >= log.first) {
      yield { name: `log purged up to ${purgeable}`, apply: (next) => (next.log.first = purgeable + 1) };
    }
    if (!keepsLast && out.message !== null) {
      yield { name: 'OUT trimmed to nothing', apply: (next) => (next.out.message = null) };
    }
    const fault = (name: string, apply: (next: World) => void): Step<World> => ({ name, fault: true, apply });
    if (left.moves > 0) {
      yield fault('lease moves, and the owner before does not notice', (next) => {
        next.left.moves--;
        next.lease.holder = 1 - next.lease.holder;
      });
    }
    if (left.mappings > 0) {
      yield fault(`mapping version ${mapping + 1}`, (next) => {
        next.left.mappings--;
        next.mapping++;
      });
    }
    if (left.recreations > 0) {
      yield fault('log created anew', (next) => {
        next.left.recreations--;
        next.log = { incarnation: 'b', first: 1, last: this.#bounds.messages };
      });
    }
  }

  *#owner(world: World, index: number, owner: Owner): Generator<Step<World>> {
    const holds = world.lease.holder === index;
    const who = `owner ${index}`;
    const step = (name: string, apply: (owner: Owner, next: World) => void): Step<World> => ({
      name: `${who} ${name}`,
      apply: (next) => apply(next.owners[index] ?? AWAY, next),
    });
    if (owner.at === 'away') {
      if (holds) yield step('takes the lease', (own, next) => this.#take(own, next));
      return;
    }
    if (world.left.crashes > 0) {
      const crash = step('crashes', (_, next) => {
        next.left.crashes--;
        this.#letGo(next, index);
      });
      yield { ...crash, fault: true };
    }
    if (!holds) yield step('notices that it lost the lease', (_, next) => this.#letGo(next, index));
    if (owner.at === 'halted' && owner.finding === 'not-reproducible' && holds) {
      yield step('is told to let the other release finish the batch', (_, next) => {
        this.#letGo(next, index);
        next.lease.holder = 1 - index;
      });
    }
    if (owner.waits) {
      if (world.left.losses === 0) return;
      const lost = step('gets no answer in time', (own, next) => {
        next.left.losses--;
        this.#abandon(next, index);
        own.waits = false;
      });
      yield { ...lost, fault: true };
      return;
    }
    yield* this.#work(world, index, owner, step);
  }

  *#work(
    world: World,
    index: number,
    owner: Owner,
    step: (name: string, apply: (owner: Owner, next: World) => void) => Step<World>,
  ): Generator<Step<World>> {
    const { log, mapping } = world;
    switch (owner.at) {
      case 'checkpoint':
        yield step('reads the last message of OUT', (own, { out }) => {
          Object.assign(own, { at: 'cursor', checkpoint: out.message, last: out.message?.outSequence ?? 0 });
        });
        return;
      case 'cursor':
        yield step('reads its cursor', (own, { cursor }) => Object.assign(own, { at: 'log', cursor }));
        return;
      case 'log':
        yield step('looks at the log and begins', (own, next) => this.#start(own, next));
        return;
      case 'unfinished':
        yield step('makes the unfinished batch again', (own, next) => this.#remake(own, next, index));
        return;
      case 'resolve':
        yield step('reads the last message of OUT again', (own, next) => this.#resolve(own, next, index));
        return;
      case 'running':
        break;
      default:
        return;
    }
    if (log.incarnation !== owner.incarnation) {
      yield step('finds another log', (own) => halt(own, 'incarnation-unknown'));
    }
    const reported = this.#rules.reported(owner);
    if (reported !== world.cursor.sequence && reported > 0) {
      yield step(`reports ${reported}`, (_, next) => (next.cursor.sequence = reported));
    }
    if (owner.batch !== null) {
      yield step('writes', (own, next) => this.#write(own, next, index));
      return;
    }
    if (owner.covered >= log.last || log.incarnation !== owner.incarnation) return;
    if (log.first > owner.covered + 1) {
      yield step('finds a hole in the log', (own, next) => this.#gap(own, next, index));
    } else {
      for (let to = owner.covered + 1; to <= Math.min(owner.covered + 2, log.last); to++) {
        const batch = { from: owner.covered + 1, sequence: to, mapping, written: 0 };
        yield step(`maps ${batch.from} to ${to} with version ${mapping}`, (own) => (own.batch = batch));
      }
    }
  }

  #take(own: Owner, next: World): void {
    Object.assign(own, AWAY, { at: 'checkpoint', epoch: next.lease.epoch + 1, before: next.log });
    next.lease.epoch++;
    renumberEpochs(next);
  }

  #start(own: Owner, { log }: World): void {
    const { checkpoint, cursor, before } = own;
    const seen = this.#rules.seenAround(identityOf(before ?? log), identityOf(log));
    try {
      const position = checkpoint?.position ?? null;
      const { covered, unfinished } = this.#rules.startPosition({ checkpoint: position, cursor, log: seen });
      Object.assign(own, { covered, incarnation: log.incarnation, before: null, cursor: null });
      if (unfinished === null) Object.assign(own, { at: 'running', checkpoint: null });
      else own.at = 'unfinished';
    } catch (error) {
      if (!(error instanceof HaltError)) throw error;
      halt(own, error.code);
    }
  }

  #remake(own: Owner, next: World, index: number): void {
    const { checkpoint } = own;
    if (checkpoint === null) return;
    const { position, data } = checkpoint;
    if (next.log.first > position.from) return this.#gap(own, next, index);
    const { from, sequence, part } = position;
    const mapping = this.#rules.mappingOf(position, next.mapping);
    const parts = partsOf(from, sequence, mapping, this.#release(index));
    try {
      const begun = { cluster: 'main', partition: 0, position, data: Buffer.from(data) };
      this.#rules.verifyRemade(begun, parts.map(asPart));
      Object.assign(own, {
        at: 'running',
        checkpoint: null,
        batch: { from, sequence, mapping, written: part },
      });
    } catch (error) {
      if (!(error instanceof HaltError)) throw error;
      halt(own, error.code);
    }
  }

  #write(own: Owner, next: World, index: number): void {
    const { batch } = own;
    if (batch === null) return;
    const { from, sequence, mapping, written } = batch;
    const parts = partsOf(from, sequence, mapping, this.#release(index));
    const { incarnation, epoch, last: expected } = own;
    const position = { incarnation, from, sequence, part: written + 1, parts: parts.length, mapping, epoch };
    own.waits = true;
    next.writes.push({ owner: index, expected, position, data: parts[written] ?? '' });
    this.#tidy(next);
  }

  #receive(next: World, at: number): void {
    const [write] = next.writes.splice(at, 1);
    if (write === undefined) return;
    const { owner, expected, position, data } = write;
    const accepted = this.#rules.accepts(expected, next.out.last);
    if (accepted) {
      next.out.message = { outSequence: ++next.out.last, position, data };
      next.stored += data;
    }
    this.#tidy(next);
    const own = owner === null ? undefined : next.owners[owner];
    if (own === undefined) return;
    own.waits = false;
    if (accepted) this.#advance(own, next.out.last);
    else own.at = 'resolve';
  }

  #resolve(own: Owner, next: World, index: number): void {
    const { batch, incarnation, epoch } = own;
    const { message } = next.out;
    if (batch === null) return;
    const { written, ...range } = batch;
    const wanted = { ...range, incarnation, epoch, part: written + 1, parts: 2 };
    if (message !== null && this.#rules.wasStored(message.position, wanted)) {
      own.at = 'running';
      this.#advance(own, message.outSequence);
    } else this.#letGo(next, index);
  }

  #advance(own: Owner, last: number): void {
    own.last = last;
    if (own.batch === null || ++own.batch.written < 2) return;
    own.covered = own.batch.sequence;
    own.batch = null;
  }

  #gap(own: Owner, next: World, index: number): void {
    const error = new LogError('position-gap', 'the log continues behind what has been read');
    if (this.#rules.isFinding(error)) halt(own, error.code);
    else this.#letGo(next, index);
  }

  /** Ends the work of an owner, however; what it has on its way stays there. */
  #letGo(next: World, index: number): void {
    this.#abandon(next, index);
    next.owners[index] = { ...AWAY };
  }

  #abandon(next: World, index: number): void {
    for (const write of next.writes) if (write.owner === index) write.owner = null;
    this.#tidy(next);
  }

  /**
   * States that differ in nothing that matters are one: what is on its way has no order, and a late write that OUT will
   * refuse is as good as lost. OUT only grows.
   */
  #tidy(next: World): void {
    const { last } = next.out;
    const matters = ({ owner, expected }: WriteRequest): boolean =>
      owner !== null || expected > last || this.#rules.accepts(expected, last);
    next.writes = next.writes.filter(matters);
    next.writes.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  #release(index: number): number {
    return this.#bounds.releases[index] ?? 1;
  }
}
