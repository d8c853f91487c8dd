import { setTimeout as delay } from 'node:timers/promises';
import { isUnavailable } from '@tributary/log';
import { DeploymentError } from './errors.ts';
import type { Service } from './service.ts';

const COMPONENT = 'jetstream';
const AGAIN_MS = 500;

/**
 * Does what needs JetStream while a service starts. Servers that are away or choose a leader are waited for, however
 * long that takes: dying would not bring them back. Health says meanwhile what is missing.
 * @param work may be done several times
 * @throws what `work` throws if waiting does not help; the reason of the service's signal
 */
export async function whenAvailable<T>(service: Service, work: () => Promise<T>): Promise<T> {
  const { health, signal } = service;
  for (;;) {
    signal.throwIfAborted();
    try {
      const result = await work();
      health.set(COMPONENT, true);
      return result;
    } catch (error) {
      const away = error instanceof DeploymentError && error.retryable;
      if (!away && !isUnavailable(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      health.set(COMPONENT, false, `waiting for JetStream to have a leader and enough servers: ${reason}`);
    }
    await delay(AGAIN_MS, undefined, { signal });
  }
}
