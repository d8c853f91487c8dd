import type { FaultPlatform } from '../platform/fault-platform.ts';

/** A process that can be ended and frozen, ours or a server. */
export interface Part {
  readonly pid: number;
  kill(): Promise<unknown>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
}

export const SERVICES = [
  'mqtt-ingress',
  'session-state',
  'topic-mapper',
  'kafka-egress',
  'control-plane',
] as const;
export type ServiceName = (typeof SERVICES)[number];
/** Those whose instances share work by leases. */
export const LEASED = ['mqtt-ingress', 'session-state', 'topic-mapper', 'kafka-egress'] as const;

export type PartName = ServiceName | 'nats' | 'kafka';

/** All processes of a name. */
export function partsOf({ services, servers }: FaultPlatform, name: PartName): Part[] {
  if (name === 'nats') return [...servers.nats];
  if (name === 'kafka') return [...servers.kafka];
  return services.of(name).map((instance) => services.get(instance));
}

/** `12 became 40`, for each; an error if a process is still the same. */
export function ids(before: readonly number[], after: readonly { readonly pid: number }[]): string {
  return after
    .map(({ pid }, n) => {
      if (pid === before[n]) throw new Error(`process ${pid} was not replaced`);
      return `${before[n]} became ${pid}`;
    })
    .join(', ');
}
