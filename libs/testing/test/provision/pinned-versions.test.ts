import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KAFKA_POM, KAFKA_VERSION } from '../../src/provision/kafka-program.ts';

test('the pom pins the version of Kafka that provisioning looks for, and every other version', () => {
  const pom = readFileSync(KAFKA_POM, 'utf8');
  assert.match(
    pom,
    new RegExp(`<artifactId>kafka_2.13</artifactId>\\s*<version>${KAFKA_VERSION.replaceAll('.', '\\.')}<`),
  );
  for (const [, version] of pom.matchAll(/<version>([^<]*)</g)) assert.match(version ?? '', /^\d[\d.]*$/);
});
