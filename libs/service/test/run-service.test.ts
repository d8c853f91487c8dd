import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DemoProcess } from './demo-process.ts';

test('a service says where it listens, answers probes, and stops in order on SIGTERM', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-endpoints-'));
  try {
    const file = join(folder, 'demo.json');
    await using demo = new DemoProcess({
      TRIBUTARY_ENDPOINTS_FILE: file,
      TRIBUTARY_SERVICE_INSTANCE: 'demo-7',
    });
    const listening = await demo.line('listening');
    assert.equal(listening['mqtt'], 'mqtt://127.0.0.1:1');
    assert.match(String(listening['http']), /^127\.0\.0\.1:\d+$/);
    assert.match(String(listening['grpc']), /^127\.0\.0\.1:\d+$/);
    assert.equal(listening['instance'], 'demo-7');

    const ready = await fetch(`http://${String(listening['http'])}/readyz`);
    assert.equal(ready.status, 200);
    const written: unknown = JSON.parse(await readFile(file, 'utf8'));
    assert.ok(typeof written === 'object' && written !== null && 'pid' in written && 'version' in written);
    assert.deepEqual(written, {
      service: 'demo',
      instance: 'demo-7',
      version: written.version,
      pid: written.pid,
      http: listening['http'],
      grpc: listening['grpc'],
      mqtt: listening['mqtt'],
    });

    demo.signal('SIGTERM');
    assert.equal(await demo.exitCode(), 0);
    assert.deepEqual(demo.messages(), [
      'starting',
      'listening',
      'stopping',
      'closed second opened',
      'closed first opened',
      'stopped',
    ]);
    assert.equal(demo.lines.find(({ msg }) => msg === 'closed second opened')?.['aborted'], true);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('SIGINT does the same', async () => {
  await using demo = new DemoProcess();
  await demo.line('listening');
  demo.signal('SIGINT');
  assert.equal(await demo.exitCode(), 0);
});

test('a second signal exits at once', async () => {
  await using demo = new DemoProcess({ TRIBUTARY_DEMO_FAULT: 'hang' });
  await demo.line('listening');
  demo.signal('SIGTERM');
  await demo.line('stopping');
  demo.signal('SIGINT');
  assert.equal(await demo.exitCode(), 130);
});

test('a part that hangs is left behind after the time allowed, and the others still stop', async () => {
  await using demo = new DemoProcess({
    TRIBUTARY_DEMO_FAULT: 'hang',
    TRIBUTARY_SERVICE_SHUTDOWN_SECONDS: '0.3',
  });
  await demo.line('listening');
  demo.signal('SIGTERM');
  assert.equal(await demo.exitCode(), 75);
  assert.equal(demo.lines.find(({ msg }) => msg === 'part did not stop well')?.['part'], 'second opened');
  assert.ok(demo.messages().includes('closed first opened'));
});

test('a part that fails to stop is logged, the others still stop', async () => {
  await using demo = new DemoProcess({ TRIBUTARY_DEMO_FAULT: 'stop' });
  await demo.line('listening');
  demo.signal('SIGTERM');
  assert.equal(await demo.exitCode(), 70);
  assert.ok(demo.messages().includes('closed first opened'));
});

test('a signal while starting aborts the start and stops what was opened', async () => {
  await using demo = new DemoProcess({ TRIBUTARY_DEMO_FAULT: 'slow-start' });
  await demo.line('starting');
  demo.signal('SIGTERM');
  assert.equal(await demo.exitCode(), 0);
  assert.ok(demo.messages().includes('closed first opened'));
  assert.ok(!demo.messages().includes('listening'));
});

test('a start that fails exits 70 with the reason', async () => {
  await using demo = new DemoProcess({ TRIBUTARY_DEMO_FAULT: 'start' });
  assert.equal(await demo.exitCode(), 70);
  const fatal = demo.lines.find(({ msg }) => msg === 'start failed');
  assert.equal(fatal?.level, 'fatal');
  assert.match(JSON.stringify(fatal['error']), /no luck today/);
});

for (const [fault, kind] of [
  ['throw', 'uncaughtException'],
  ['reject', 'unhandledRejection'],
] as const) {
  test(`${kind} is logged as fatal and exits 70`, async () => {
    await using demo = new DemoProcess({ TRIBUTARY_DEMO_FAULT: fault });
    assert.equal(await demo.exitCode(), 70);
    const fatal = demo.lines.find(({ msg }) => msg === 'unexpected failure');
    assert.equal(fatal?.level, 'fatal');
    assert.equal(fatal['kind'], kind);
    assert.match(JSON.stringify(fatal['error']), /nobody .* this/);
  });
}

test('wrong settings exit 78 and are all listed, for people and for machines', async () => {
  await using demo = new DemoProcess({ TRIBUTARY_DEMO_FAULT: 'maybe', TRIBUTARY_HTTP_PORTS: '1' });
  assert.equal(await demo.exitCode(), 78);
  assert.match(demo.stderr, /demo: 2 settings are wrong:/);
  assert.match(
    demo.stderr,
    /demo\.fault must be one of none, start, slow-start, stop, hang, throw, reject, not "maybe"/,
  );
  assert.match(
    demo.stderr,
    /TRIBUTARY_HTTP_PORTS: no such setting; did you mean TRIBUTARY_HTTP_PORT \(http\.port\)\?/,
  );
  const [line] = demo.lines;
  assert.equal(line?.msg, 'wrong settings');
  assert.equal(Array.isArray(line['problems']) && line['problems'].length, 2);
});
