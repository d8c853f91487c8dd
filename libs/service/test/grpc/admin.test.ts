import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { AdminClient, LogLevel, ServiceState } from '@tributary/contracts/admin';
import type { DrainResponse, SetLogLevelResponse, StatusResponse } from '@tributary/contracts/admin';
import { startLocalService } from '../local-service.ts';

function connect(address: string): AdminClient & Disposable {
  const client = new AdminClient(address, credentials.createInsecure());
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

/** The response of a unary call. */
function call<T>(
  start: (callback: (error: ServiceError | null, response: T) => void) => unknown,
): Promise<T> {
  return new Promise((resolve, reject) =>
    start((error, response) => (error ? reject(error) : resolve(response))),
  );
}

test('Status tells who, how, where, and what the parts say', async () => {
  await using local = await startLocalService({
    environment: { TRIBUTARY_SERVICE_INSTANCE: 'local-1' },
    start(service) {
      service.endpoint('mqtt', 'mqtt://127.0.0.1:1883');
      service.health.set('nats', true);
      service.admin.status('partitions', () => [{ partition: 3, lastSequence: 12n, owner: undefined }]);
      service.admin.status('broken', () => {
        throw new Error('cannot say');
      });
    },
  });
  using client = connect(local.grpc);
  const answer = await call<StatusResponse>((callback) => client.status({}, callback));
  assert.equal(answer.service, 'local');
  assert.equal(answer.instance, 'local-1');
  assert.match(answer.version, /^\d+\.\d+\.\d+/);
  assert.equal(answer.state, ServiceState.RUNNING);
  assert.equal(answer.ready, true);
  assert.equal(answer.logLevel, LogLevel.INFO);
  assert.deepEqual(
    answer.components.map(({ name, ok }) => [name, ok]),
    [['nats', true]],
  );
  assert.deepEqual(answer.endpoints, { http: local.http, grpc: local.grpc, mqtt: 'mqtt://127.0.0.1:1883' });
  assert.deepEqual(answer.parts, {
    partitions: [{ partition: 3, lastSequence: '12' }],
    broken: { error: 'Error: cannot say' },
  });
});

test('SetLogLevel changes the level and returns the one before; none is refused', async () => {
  await using local = await startLocalService();
  using client = connect(local.grpc);
  const { previous } = await call<SetLogLevelResponse>((callback) =>
    client.setLogLevel({ level: LogLevel.DEBUG }, callback),
  );
  assert.equal(previous, LogLevel.INFO);
  assert.equal(local.service.log.level, 'debug');
  assert.ok(local.log.some((line) => line.includes('log level changes')));
  await assert.rejects(
    call((callback) => client.setLogLevel({ level: LogLevel.UNSPECIFIED }, callback)),
    { code: status.INVALID_ARGUMENT },
  );
});

test('Drain runs once, waits for everything, reports failures, and the process stays', async () => {
  let drains = 0;
  await using local = await startLocalService({
    start(service) {
      service.admin.onDrain(async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        drains += 1;
      });
      service.admin.onDrain(() => {
        throw new Error('lease not released');
      });
    },
  });
  using client = connect(local.grpc);
  const both = await Promise.all([
    call<DrainResponse>((callback) => client.drain({}, callback)),
    call<DrainResponse>((callback) => client.drain({}, callback)),
  ]);
  assert.equal(drains, 1);
  for (const { durationMs, errors } of both) {
    assert.ok(durationMs >= 20);
    assert.deepEqual(errors, ['Error: lease not released']);
  }
  const after = await call<StatusResponse>((callback) => client.status({}, callback));
  assert.equal(after.state, ServiceState.DRAINING);
  assert.equal(after.ready, false);
  assert.equal((await fetch(`http://${local.http}/readyz`)).status, 503);
});
