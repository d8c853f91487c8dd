import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListenError, ServiceProcess, commonSettings } from '../src/mod.ts';
import { startLocalService } from './local-service.ts';

test('readiness follows the components and says why', async () => {
  await using local = await startLocalService();
  const get = async (): Promise<{ status: number; body: string }> => {
    const response = await fetch(`http://${local.http}/readyz`);
    return { status: response.status, body: await response.text() };
  };
  assert.equal((await get()).status, 200);
  local.service.health.set('nats', false, 'reconnecting to nats://nowhere');
  const refused = await get();
  assert.equal(refused.status, 503);
  assert.match(refused.body, /"status":"not ready","state":"running"/);
  assert.match(
    refused.body,
    /"name":"nats","ok":false,"reason":"reconnecting to nats:\/\/nowhere","since":"20/,
  );
  local.service.health.set('nats', true);
  assert.equal((await get()).status, 200);
});

test('liveness depends on no component', async () => {
  await using local = await startLocalService();
  local.service.health.set('kafka', false, 'away');
  const response = await fetch(`http://${local.http}/livez`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: 'alive' });
});

test('before start has ended the process is alive and not ready', async () => {
  const gate = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  await using process = new ServiceProcess(
    {
      name: 'slow',
      settings: commonSettings,
      async start() {
        entered.resolve();
        await gate.promise;
      },
    },
    { environment: { TRIBUTARY_LOG_LEVEL: 'fatal' } },
  );
  const started = process.start();
  await entered.promise;
  const status = async (path: string): Promise<number> =>
    (await fetch(`http://${String(process.endpoints['http'])}${path}`)).status;
  assert.deepEqual([await status('/livez'), await status('/readyz')], [200, 503]);
  gate.resolve();
  await started;
  assert.deepEqual([await status('/livez'), await status('/readyz')], [200, 200]);
});

test('metrics are Prometheus text, with the state of the components', async () => {
  await using local = await startLocalService();
  local.service.health.set('nats', false, 'away');
  const response = await fetch(`http://${local.http}/metrics`);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const page = await response.text();
  assert.match(page, /^target_info\{service_name="local",/m);
  assert.match(page, /^tributary_component_ok\{component="nats"\} 0$/m);
  local.service.health.remove('nats');
  assert.doesNotMatch(await (await fetch(`http://${local.http}/metrics`)).text(), /component="nats"/);
});

const others: readonly (readonly [method: string, path: string, status: number])[] = [
  ['HEAD', '/readyz?verbose=1', 200],
  ['POST', '/readyz', 405],
  ['GET', '/', 404],
  ['GET', '/toString', 404],
  ['GET', '/livez/../metrics/x', 404],
];
for (const [method, path, status] of others) {
  test(`${method} ${path} is answered with ${status}`, async () => {
    await using local = await startLocalService();
    assert.equal((await fetch(`http://${local.http}${path}`, { method })).status, status);
  });
}

test('a port that is taken is an error that names it, and leaves nothing open', async () => {
  await using local = await startLocalService();
  const port = local.http.split(':')[1] ?? '';
  await assert.rejects(startLocalService({ environment: { TRIBUTARY_HTTP_PORT: port } }), (error) => {
    assert.ok(error instanceof ListenError);
    assert.match(error.message, new RegExp(`cannot listen for HTTP on 127.0.0.1:${port}: .*EADDRINUSE`));
    return true;
  });
  const grpcPort = local.grpc.split(':')[1] ?? '';
  await assert.rejects(startLocalService({ environment: { TRIBUTARY_GRPC_PORT: grpcPort } }), ListenError);
});
