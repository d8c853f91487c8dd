import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogLevel, StatusResponse, protobufFileName as adminFile } from '@tributary/contracts/admin';
import { ApplyResponse, Severity, protobufFileName as controlFile } from '@tributary/contracts/control';
import { protoDirectory } from '@tributary/contracts/proto';

test('the .proto files are where reflection looks for them', () => {
  for (const file of [adminFile, controlFile]) assert.ok(existsSync(join(protoDirectory, file)), file);
});

test('a status survives encoding', () => {
  const status = StatusResponse.fromPartial({
    service: 'topic-mapper',
    started: new Date('2026-01-02T03:04:05.678Z'),
    logLevel: LogLevel.DEBUG,
    components: [{ name: 'nats', ok: false, reason: 'reconnecting', since: new Date(0) }],
    endpoints: { http: 'http://127.0.0.1:1234' },
    parts: { partitions: [{ partition: 3, lag: 17, owner: null }], active: true },
  });
  assert.deepEqual(StatusResponse.decode(StatusResponse.encode(status).finish()), status);
});

test('a finding survives encoding and JSON', () => {
  const refused = ApplyResponse.fromPartial({
    findings: [
      { severity: Severity.ERROR, line: 12, column: 7, code: 'unknown-name', path: 'routes[0].to.key' },
    ],
  });
  assert.deepEqual(ApplyResponse.decode(ApplyResponse.encode(refused).finish()), refused);
  assert.deepEqual(ApplyResponse.fromJSON(ApplyResponse.toJSON(refused)), refused);
});

test('an enum value of a newer sender is kept apart instead of failing the message', () => {
  const newer = Uint8Array.of(0x48, 0x63); // field 9 (log_level), varint 99
  assert.equal(StatusResponse.decode(newer).logLevel, LogLevel.UNRECOGNIZED);
});
