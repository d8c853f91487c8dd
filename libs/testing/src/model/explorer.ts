/** One thing that can happen in a state. */
export interface Step<S> {
  readonly name: string;
  /** Something goes wrong. A system that is left alone takes no such step. */
  readonly fault?: boolean;
  /** Turns the state, which is a copy, into the next one. */
  apply(state: S): void;
}

/** A system as a set of states, each plain JSON, and the steps between them. */
export interface Model<S> {
  readonly initial: S;
  /** All that can happen next, always in the same order. */
  steps(state: S): Iterable<Step<S>>;
  /** What is wrong with a state that must never be, or null. */
  broken(state: S): string | null;
  /** Whether everything that was promised has come true. */
  done(state: S): boolean;
}

export interface Finding {
  readonly what: string;
  /** The steps that lead there, as few as possible. */
  readonly trace: readonly string[];
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  readonly ms: number;
  readonly finding: Finding | null;
}

/**
 * Visits every state that can be reached, the nearest first. It finds a state that is broken, and one that is stuck: from
 * every state some way without a further fault must lead to where all is done.
 *
 * @throws RangeError above `maxStates`: what was not visited proves nothing
 */
export function explore<S>(model: Model<S>, maxStates = 1_000_000): Exploration {
  const startedMs = performance.now();
  const visited = new Visited();
  const faultless: number[] = [];
  const done: number[] = [];
  let transitions = 0;
  const result = (finding: Finding | null): Exploration => {
    return { states: visited.size, transitions, ms: Math.round(performance.now() - startedMs), finding };
  };
  visited.add(JSON.stringify(model.initial), -1, '');
  for (let at = 0; at < visited.size; at++) {
    const key = visited.keyOf(at);
    const state = JSON.parse(key) as S;
    const what = model.broken(state);
    if (what !== null) return result({ what, trace: visited.trace(at) });
    if (model.done(state)) done.push(at);
    for (const step of model.steps(state)) {
      const next = JSON.parse(key) as S;
      step.apply(next);
      const to = visited.add(JSON.stringify(next), at, step.name);
      transitions++;
      if (!step.fault) faultless.push(at, to);
    }
    if (visited.size > maxStates) throw new RangeError(`more than ${maxStates} states: bound the model`);
  }
  const stuck = unable(visited.size, faultless, done);
  if (stuck < 0) return result(null);
  return result({ what: 'stuck: nothing leads to the end from here', trace: visited.trace(stuck) });
}

/** States in the order in which they were found, and how each was. */
class Visited {
  readonly #indexes = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #parents: number[] = [];
  readonly #names: string[] = [];

  get size(): number {
    return this.#parents.length;
  }

  add(key: string, parent: number, name: string): number {
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.#parents.length;
    this.#indexes.set(key, index);
    this.#keys.push(key);
    this.#parents.push(parent);
    this.#names.push(name);
    return index;
  }

  keyOf(index: number): string {
    return this.#keys[index] ?? '';
  }

  trace(index: number): string[] {
    const trace: string[] = [];
    for (let at = index; at > 0; at = this.#parents[at] ?? 0) trace.unshift(this.#names[at] ?? '');
    return trace;
  }
}

/** The first state from which no way leads to one that is done; -1 if there is none. `edges`: from, to, from, to ... */
function unable(states: number, edges: readonly number[], done: readonly number[]): number {
  const heads = new Int32Array(states).fill(-1);
  const nexts = new Int32Array(edges.length / 2);
  for (let edge = 0; edge < nexts.length; edge++) {
    const to = edges[edge * 2 + 1] ?? 0;
    nexts[edge] = heads[to] ?? -1;
    heads[to] = edge;
  }
  const able = new Uint8Array(states);
  const queue = [...done];
  for (const state of done) able[state] = 1;
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (let edge = heads[state] ?? -1; edge >= 0; edge = nexts[edge] ?? -1) {
      const from = edges[edge * 2] ?? 0;
      if (able[from]) continue;
      able[from] = 1;
      queue.push(from);
    }
  }
  return able.indexOf(0);
}
