import type { Target } from '../target/target.ts';

/** What every client is asked to do; see the programs in clients/. */
export const CHECKS = ['QoS 0', 'QoS 1', 'QoS 2', 'retained', 'large payload', 'will', 'session'] as const;
export type Check = (typeof CHECKS)[number];

/** Between a retained message and the subscription that is to find it: nothing of it is on its way any more. */
export const A_MOMENT_MS = 200;

/** Version of MQTT as CONNECT has it. */
export type ClientVersion = 4 | 5;

/** A client library or program that devices use, and that others wrote. */
export interface DeviceClient {
  readonly name: string;
  /** Makes it ready; null, or why it is not here. */
  prepare(): Promise<string | null>;
  /**
   * Goes through the checks with names that begin with `prefix`.
   * @returns for each what is wrong, or null
   */
  run(target: Target, version: ClientVersion, prefix: string): Promise<ReadonlyMap<Check, string | null>>;
}

/** Reads the lines of a program in clients/: `ok NAME`, `failed NAME: why`. */
export function readChecks(stdout: string): ReadonlyMap<Check, string | null> {
  const outcomes = new Map<Check, string | null>();
  for (const check of CHECKS) {
    const failed = stdout.split('\n').find((line) => line.startsWith(`failed ${check}:`));
    const passed = stdout.split('\n').includes(`ok ${check}`);
    outcomes.set(check, failed ?? (passed ? null : 'the program did not come to it'));
  }
  return outcomes;
}
