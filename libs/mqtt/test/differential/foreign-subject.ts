import type { Subject } from './subject.ts';

/** A server of others that runs already. It routes, so nothing but its answers is compared. */
export function foreignSubject(port: number): Subject {
  return {
    name: `port ${port}`,
    port,
    quietMs: 250,
    heard: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
