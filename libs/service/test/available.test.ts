import assert from 'node:assert/strict';
import { it } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { ensureLog, LogError } from '@tributary/log';
import { startNatsCluster, until } from '@tributary/testing';
import { openNats, whenAvailable } from '../src/mod.ts';
import { startLocalService } from './local-service.ts';

const shape = { generation: 1, partitions: 2 };
const limits = { maxBytes: 16 * 1024 * 1024, replicas: 3 };

it('a service that starts while most NATS servers are away waits, says so, and goes on', async () => {
  await using cluster = await startNatsCluster();
  const [first, second, third] = cluster.servers;
  await Promise.all([first?.kill(), second?.kill()]);
  const streams = Promise.withResolvers<number>();
  await using local = await startLocalService({
    environment: { TRIBUTARY_NATS_SERVERS: cluster.urls.join(',') },
    start: (service) => {
      void openNats(service)
        .then(async (nats) => {
          const manager = await whenAvailable(service, () => jetstreamManager(nats));
          const log = await whenAvailable(service, () => ensureLog(manager, shape, limits));
          streams.resolve(log.streams.length);
        })
        .catch(streams.reject);
    },
  });
  const ready = async (): Promise<string> => (await fetch(`http://${local.http}/readyz`)).text();
  await until(async () => (await ready()).includes('waiting for JetStream to have a leader'), {
    what: 'the service to say what it waits for',
  });
  await Promise.all([first?.start(), second?.start()]);
  assert.equal(await streams.promise, shape.partitions);
  assert.equal((await ready()).includes('waiting for JetStream'), false);
  assert.ok(third?.process.running);
});

it('what waiting does not help is not waited for', async () => {
  await using local = await startLocalService();
  const differs = new LogError('stream-differs', 'the stream differs');
  await assert.rejects(
    whenAvailable(local.service, () => Promise.reject(differs)),
    { code: 'stream-differs' },
  );
});
