import { LogError } from '@tributary/log';
import type { Model, Step } from '@tributary/testing';
import { HaltError } from '../../src/errors.ts';
import { comparePositions, placeOf, positionOf } from '../../src/position/position.ts';
import type { Bounds, Rules } from './egress-rules.ts';
import {
  AWAY,
  endsOf,
  halt,
  messageAt,
  nameOf,
  newWorld,
  outPositionAt,
  SCOPE,
  type Flight,
  type Owner,
  type Request,
  type World,
} from './egress-world.ts';
import { KafkaModel } from './kafka-model.ts';

type Named = (name: string, apply: (owner: Owner, next: World) => void) => Step<World>;

/** The egress's partition worker, twice, between an OUT and a Kafka. Every read, every request and every answer is a step. */
export class EgressModel implements Model<World> {
  readonly initial: World;
  readonly #rules: Rules;
  readonly #messages: number;
  readonly #kafka: KafkaModel;

  constructor({ messages, ...faults }: Bounds, rules: Rules) {
    this.#rules = rules;
    this.#messages = messages;
    this.#kafka = new KafkaModel(rules);
    this.initial = newWorld(messages, faults);
  }

  broken({ wrong, kafka, out }: World): string | null {
    if (wrong !== null) return wrong;
    if (out.incarnation !== 'a') return null;
    if (out.first - 1 > kafka.high) return `OUT was trimmed up to ${out.first - 1}, Kafka has ${kafka.high}`;
    const ahead = kafka.positions.find(({ position }) => messageAt(position) > kafka.high);
    return ahead ? `position ${messageAt(ahead.position)} is in Kafka, its records are not` : null;
  }

  /** All is in Kafka and committed; or OUT was created anew, and whoever holds the lease has said so and stands still. */
  done({ out, kafka, lease, owners }: World): boolean {
    const owner = owners[lease.holder];
    if (out.incarnation !== 'a') return owner?.finding === 'incarnation-unknown';
    return kafka.high === this.#messages && owner?.committed?.outSequence === this.#messages;
  }

  *steps(world: World): Generator<Step<World>> {
    if (world.left.moves > 0) {
      yield {
        name: 'lease moves, and the owner before does not notice',
        fault: true,
        apply: (next) => {
          next.left.moves--;
          next.lease.holder = 1 - next.lease.holder;
        },
      };
    }
    if (world.left.recreations > 0 && world.kafka.positions.length > 0) {
      yield {
        name: 'OUT created anew',
        fault: true,
        apply: (next) => {
          next.left.recreations--;
          next.out = { incarnation: 'b', first: 1, last: this.#messages };
        },
      };
    }
    for (const [index, owner] of world.owners.entries()) yield* this.#owner(world, index, owner);
    for (const [at, request] of world.requests.entries()) {
      yield { name: `Kafka gets ${nameOf(request)}`, apply: (next) => this.#receive(next, at) };
    }
  }

  *#owner(world: World, index: number, owner: Owner): Generator<Step<World>> {
    const holds = world.lease.holder === index;
    const step: Named = (name, apply) => ({
      name: `owner ${index} ${name}`,
      apply: (next) => apply(next.owners[index] ?? AWAY, next),
    });
    if (owner.at === 'away') {
      if (holds) {
        yield step('takes the lease', (own, { lease }) => {
          Object.assign(own, AWAY, { at: 'before', epoch: ++lease.epoch });
        });
      }
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
    if (owner.at === 'running') yield* this.#work(world, index, owner, step);
    else yield* this.#start(index, owner, step);
  }

  *#start(index: number, { at }: Owner, step: Named): Generator<Step<World>> {
    const { connectsFirst, exactlyOnce } = this.#rules;
    const afterConnect = connectsFirst ? 'position' : 'ends';
    const afterPosition = connectsFirst || !exactlyOnce ? 'ends' : 'connect';
    if (at === 'before') {
      yield step('looks at OUT', (own, { out }) => {
        own.before = endsOf(out);
        own.at = connectsFirst && exactlyOnce ? 'connect' : 'position';
      });
    } else if (at === 'connect') {
      yield step('gets its producer id', (own, { kafka }) => {
        own.producer = this.#kafka.initProducer(kafka);
        own.at = afterConnect;
      });
    } else if (at === 'position') {
      yield step('reads the position', (own, { kafka }) => {
        const keys = kafka.positions.map(({ key }) => key);
        own.found = this.#kafka.readPositions(kafka);
        own.remove = exactlyOnce ? [] : this.#rules.keysToRemove(SCOPE, keys, own.epoch);
        own.at = afterPosition;
      });
    } else if (at === 'ends')
      yield step('looks at OUT again and begins', (own, next) => this.#begin(own, next, index));
  }

  #begin(own: Owner, next: World, index: number): void {
    const after = endsOf(next.out);
    try {
      const ends = this.#rules.seenAround(own.before ?? after, after);
      const skipTo = this.#rules.resumeAt(own.found, ends, 'main, partition 0');
      const out = next.out.incarnation;
      Object.assign(own, { at: 'running', before: null, found: [], skipTo, out, next: ends.firstSequence });
      if (out !== 'a') next.wrong = 'goes on with another OUT by the position of the old one';
    } catch (error) {
      this.#failed(own, next, index, error);
    }
  }

  *#work({ out, left }: World, index: number, owner: Owner, step: Named): Generator<Step<World>> {
    const first = this.#rules.firstToKeep(owner);
    if (first > out.first && out.incarnation === owner.out) {
      yield step(`trims OUT up to ${first - 1}`, (_, next) => (next.out.first = first));
    }
    if (owner.flight !== null) {
      if (left.losses === 0) return;
      const lost = step('gets no answer in time', (own, next) => {
        next.left.losses--;
        this.#again(own, next, index);
      });
      yield { ...lost, fault: true };
      return;
    }
    if (out.incarnation !== owner.out) {
      yield step('finds another OUT', (own) => halt(own, 'incarnation-unknown'));
      return;
    }
    if (owner.next > out.last) {
      if (owner.pending !== null && !this.#rules.exactlyOnce) {
        yield step('commits', (own, next) => this.#send(own, next, index, 0));
      }
      return;
    }
    if (owner.next < out.first) {
      yield step('finds a hole in OUT', (own, next) => {
        const error = new LogError('position-gap', 'OUT continues behind what has been read');
        this.#failed(own, next, index, error);
      });
      return;
    }
    const { skipTo } = owner;
    if (
      this.#rules.skips &&
      skipTo !== null &&
      comparePositions(placeOf(outPositionAt(owner.next)), skipTo) <= 0
    ) {
      yield step(`passes over message ${owner.next}`, (own) => {
        own.committed = { position: skipTo, outSequence: own.next++ };
      });
      return;
    }
    for (let to = owner.next; to <= Math.min(owner.next + 1, out.last); to++) {
      yield step(`sends ${owner.next} to ${to}`, (own, next) => this.#send(own, next, index, to));
    }
  }

  /** @param to the last message of the batch; 0 to send the position alone */
  #send(own: Owner, next: World, index: number, to: number): void {
    const { exactlyOnce, oneTransaction, travels } = this.#rules;
    const batch = to === 0 ? null : { position: positionOf(outPositionAt(to), own.out), outSequence: to };
    const travelling = travels(own.pending, batch);
    const awaits: Request['kind'][] = batch === null ? [] : ['records'];
    if (travelling !== null && (oneTransaction || !exactlyOnce)) awaits.push('position');
    const key = this.#rules.keyOf(own.epoch, own.life);
    own.flight = { own: batch, first: own.next, travelling, key, doubtful: false, awaits };
    if (to > 0) own.next = to + 1;
    this.#request(own, next, index);
  }

  /** Puts on its way what the flight still waits for. */
  #request(own: Owner, next: World, index: number): void {
    const { flight, producer } = own;
    if (flight === null) return;
    for (const kind of flight.awaits) {
      const last = kind === 'records' ? (flight.own?.outSequence ?? 0) : 0;
      next.requests.push({
        owner: index,
        kind,
        // Behind its transaction, a position is stored without one.
        producer: kind === 'position' && !this.#rules.oneTransaction ? 0 : producer,
        from: last > 0 ? flight.first : 0,
        to: last,
        key: kind === 'position' ? flight.key : '',
        position: kind === 'position' ? (flight.travelling?.position ?? null) : null,
        remove: kind === 'position' ? own.remove : [],
      });
    }
    this.#tidy(next);
  }

  /** Without transactions the same is sent again; a transaction whose fate is unknown is found out by a new start. */
  #again(own: Owner, next: World, index: number): void {
    if (this.#rules.exactlyOnce) return this.#letGo(next, index);
    this.#abandon(next, index);
    if (own.flight !== null) own.flight.doubtful = true;
    this.#request(own, next, index);
  }

  #receive(next: World, at: number): void {
    const [request] = next.requests.splice(at, 1);
    if (request === undefined) return;
    const stored = this.#kafka.receive(next, request);
    this.#tidy(next);
    const { owner: index, kind } = request;
    const own = index === null ? undefined : next.owners[index];
    if (own?.flight === undefined || own.flight === null || index === null) return;
    if (!stored) return this.#letGo(next, index);
    own.flight.awaits = own.flight.awaits.filter((awaited) => awaited !== kind);
    if (own.flight.awaits.length === 0) this.#landed(own, own.flight, kind, next, index);
  }

  #landed(own: Owner, flight: Flight, last: Request['kind'], next: World, index: number): void {
    const { exactlyOnce, oneTransaction } = this.#rules;
    const sequence: Request['kind'][] = oneTransaction
      ? ['records', 'commit']
      : ['records', 'commit', 'position'];
    // Records and position of one transaction may be answered in any order: the last of them counts.
    const stage = last === 'position' && oneTransaction ? 0 : sequence.indexOf(last);
    const follows = sequence[stage + 1];
    if (exactlyOnce && follows !== undefined) {
      flight.awaits = [follows];
      return this.#request(own, next, index);
    }
    if (flight.travelling !== null) {
      own.committed = flight.travelling;
      own.remove = flight.doubtful ? [flight.key] : [];
      if (flight.doubtful) own.life++;
    }
    own.pending = exactlyOnce ? null : flight.own;
    own.flight = null;
  }

  #failed(own: Owner, next: World, index: number, error: unknown): void {
    if (!(error instanceof HaltError || error instanceof LogError)) throw error;
    if (this.#rules.isFinding(error)) halt(own, error.code);
    else this.#letGo(next, index);
  }

  /** Ends the work of an owner, however; what it has on its way stays there. */
  #letGo(next: World, index: number): void {
    this.#abandon(next, index);
    next.owners[index] = { ...AWAY };
  }

  #abandon(next: World, index: number): void {
    for (const request of next.requests) if (request.owner === index) request.owner = null;
    this.#tidy(next);
  }

  /** States that differ in nothing that matters are one: what is on its way has no order, and what has no effect is lost. */
  #tidy(next: World): void {
    next.requests = next.requests.filter(
      (request) => request.owner !== null || this.#kafka.matters(next.kafka, request),
    );
    next.requests.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
}
