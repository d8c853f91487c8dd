import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestingError } from '../../src/errors.ts';
import { alive } from '../../src/process/alive.ts';
import { Proc, settingVariable } from '../../src/service/proc.ts';

const entry = fileURLToPath(new URL('../fixtures/service.ts', import.meta.url));

const variables: [key: string, variable: string][] = [
  ['nats.servers', 'TRIBUTARY_NATS_SERVERS'],
  ['log.lingerMs', 'TRIBUTARY_LOG_LINGER_MS'],
  ['service.shutdownSeconds', 'TRIBUTARY_SERVICE_SHUTDOWN_SECONDS'],
];
for (const [key, variable] of variables) {
  test(`the setting ${key} is ${variable}`, () => assert.equal(settingVariable(key), variable));
}

test('a service gets its settings, tells its endpoints and is awaited until it is ready', async () => {
  const options = {
    entry,
    settings: { 'ready.after': 200, 'nats.servers': ['a', 'b'] },
    env: { KAFKA_BROKERS: 'k:1' },
  };
  await using proc = await Proc.start('example', options);
  assert.equal((await proc.get('/readyz')).status, 200);
  const environment = (await (await proc.get('/environment')).json()) as Record<string, string>;
  const settings = Object.keys(environment).filter((name) => name.startsWith('TRIBUTARY_'));
  assert.deepEqual(settings.sort(), [
    'TRIBUTARY_ENDPOINTS_FILE',
    'TRIBUTARY_GRPC_PORT',
    'TRIBUTARY_HTTP_PORT',
    'TRIBUTARY_NATS_SERVERS',
    'TRIBUTARY_READY_AFTER',
  ]);
  assert.equal(environment['TRIBUTARY_NATS_SERVERS'], 'a,b');
  assert.equal(environment['KAFKA_BROKERS'], 'k:1');
  assert.throws(() => proc.endpoint('mqtt'), /example has no endpoint mqtt, only http/);
});

test('a service runs with the flags of Node that its own start script gives, and with further ones', async () => {
  await using proc = await Proc.start('mqtt-ingress', { entry, nodeArgs: ['--no-warnings'] });
  assert.deepEqual(await (await proc.get('/flags')).json(), ['--max-semi-space-size=16', '--no-warnings']);
});

test('it can be killed, frozen and restarted, and ends by itself when asked', async () => {
  await using proc = await Proc.start('example', { entry });
  const { pid } = proc;
  await proc.restart('kill');
  assert.equal(alive(pid), false);
  assert.equal((await proc.get('/readyz')).status, 200);
  proc.pause();
  await assert.rejects(proc.get('/readyz', AbortSignal.timeout(100)), { name: 'TimeoutError' });
  proc.resume();
  assert.equal((await proc.get('/readyz')).status, 200);
  assert.deepEqual(await proc.stop(), { code: 0, signal: null });
});

test('a service that is not ready in time is an error that says what its health page said', async () => {
  const options = { entry, settings: { 'ready.after': 60_000 }, readyTimeoutMs: 1000 };
  await assert.rejects(Proc.start('example', options), (error) => {
    assert.ok(error instanceof TestingError);
    assert.equal(error.code, 'not-ready');
    assert.match(error.message, /readyz: 503 .*not connected/);
    return true;
  });
});
