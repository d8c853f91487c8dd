import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { freePort, startNats } from '@tributary/testing';
import { openNats } from '../src/mod.ts';
import { startLocalService, type LocalService } from './local-service.ts';

const WITHOUT_NATS_MS = 2_500;

/** A service that asks for something while it stops, with more patience than a test has. */
async function startAsking(url: string, outcomes: string[]): Promise<LocalService> {
  const goodBye = async (nats: NatsConnection): Promise<string> => {
    // Later than a server may be silent.
    await delay(1_800);
    return (await nats.request('good-bye', '', { timeout: 15_000 })).string();
  };
  return await startLocalService({
    environment: { TRIBUTARY_NATS_SERVERS: url },
    async start(service) {
      const nats = await openNats(service);
      nats.subscribe('good-bye', { callback: (_, message) => void message.respond('answered') });
      service.onStop('good-bye', async () => {
        outcomes.push(await goodBye(nats).catch(() => 'failed'));
      });
    },
  });
}

describe('a service that stops', () => {
  it('has its connection until the end while the server answers', async () => {
    await using server = await startNats();
    const outcomes: string[] = [];
    const local = await startAsking(server.url, outcomes);
    assert.equal(await local.process.stop('test'), 'clean');
    assert.deepEqual(outcomes, ['answered']);
  });

  it('does not wait for a server that hangs', async () => {
    await using server = await startNats();
    const outcomes: string[] = [];
    const local = await startAsking(server.url, outcomes);
    server.pause();
    const began = performance.now();
    assert.equal(await local.process.stop('test'), 'clean');
    const tookMs = performance.now() - began;
    server.resume();
    assert.deepEqual(outcomes, ['failed']);
    assert.ok(tookMs < WITHOUT_NATS_MS, `${Math.round(tookMs)} ms`);
  });

  it('does not wait for a server that is not there yet', async () => {
    const opening = Promise.withResolvers<unknown>();
    const local = await startLocalService({
      environment: { TRIBUTARY_NATS_SERVERS: `nats://127.0.0.1:${await freePort()}` },
      start: (service) => opening.resolve(openNats(service)),
    });
    const failure = assert.rejects(opening.promise, /the service stops/);
    const began = performance.now();
    await local.process.stop('test');
    await failure;
    const tookMs = performance.now() - began;
    assert.ok(tookMs < WITHOUT_NATS_MS, `${Math.round(tookMs)} ms`);
  });
});
