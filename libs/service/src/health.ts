/** starting -> running -> (draining ->) stopping */
export type ServiceState = 'starting' | 'running' | 'draining' | 'stopping';

/** Something a service cannot work without, and whether it can be used now. */
export interface Component {
  readonly name: string;
  readonly ok: boolean;
  /** Why it cannot be used, or what is wrong with it although it can; empty if all is well. */
  readonly reason: string;
  readonly since: Date;
}

/**
 * Whether a service can take work: it is running and all its components are usable. Liveness is another matter and
 * depends on nothing outside the process: restarting it would not bring Kafka back.
 */
export class Health {
  readonly #components = new Map<string, Component>();
  readonly #changed: (component: Component | undefined) => void;
  #state: ServiceState = 'starting';

  /** @param changed called after each change, with the component if it was one */
  constructor(changed: (component: Component | undefined) => void) {
    this.#changed = changed;
  }

  /** Says whether a component is usable; a component counts from its first mention. */
  set(name: string, ok: boolean, reason = ''): void {
    this.#set(name, ok, ok ? '' : reason);
  }

  /** Says that a component is usable and not as it should be: that shows, and takes no work away. */
  warn(name: string, reason: string): void {
    this.#set(name, true, reason);
  }

  #set(name: string, ok: boolean, known: string): void {
    const before = this.#components.get(name);
    if (before?.ok === ok && before.reason === known) return;
    const since = before?.ok === ok ? before.since : new Date();
    const component = { name, ok, reason: known, since };
    this.#components.set(name, component);
    if (before?.ok !== ok) this.#changed(component);
  }

  /** A component that is no longer needed. */
  remove(name: string): void {
    if (this.#components.delete(name)) this.#changed(undefined);
  }

  enter(state: ServiceState): void {
    this.#state = state;
    this.#changed(undefined);
  }

  get state(): ServiceState {
    return this.#state;
  }

  get components(): readonly Component[] {
    return [...this.#components.values()];
  }

  get ready(): boolean {
    return this.#state === 'running' && this.components.every(({ ok }) => ok);
  }
}
