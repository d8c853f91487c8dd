import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { LogLevel, StatusResponse, protobufFileName as adminFile } from '@tributary/contracts/admin';
import { ApplyResponse, Severity, protobufFileName as controlFile } from '@tributary/contracts/control';
import { protobufFileName as deadLetterFile } from '@tributary/contracts/control/dead-letters';
import { fileDescriptors } from '@tributary/contracts/proto';

test('the descriptors are those of our files, of what they import, and of the health service', () => {
  const names = fileDescriptors()
    .map((file) => new BinaryReader(file))
    .map((reader) => (reader.tag(), reader.string()));
  assert.deepEqual(names.toSorted(), [
    'google/protobuf/struct.proto',
    'google/protobuf/timestamp.proto',
    'health/v1/health.proto',
    adminFile,
    deadLetterFile,
    controlFile,
  ]);
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
