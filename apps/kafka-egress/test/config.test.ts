import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSettings, SettingsError } from '@tributary/service';
import { checkTogether, settings } from '../src/config.ts';

const load = (environment: Record<string, string>) => loadSettings(settings, environment);

test('the defaults go together', () => {
  checkTogether(load({}));
  checkTogether(load({ TRIBUTARY_EGRESS_DRIVER: 'platformatic', TRIBUTARY_EGRESS_COMPRESSION: 'lz4' }));
});

test('a compression that the driver lacks is an error that names both settings', () => {
  const config = load({ TRIBUTARY_EGRESS_COMPRESSION: 'snappy' });
  const named = /TRIBUTARY_EGRESS_COMPRESSION: kafkajs has no snappy.*egress\.driver platformatic/;
  assert.throws(
    () => checkTogether(config),
    (error: unknown) => error instanceof SettingsError && named.test(error.message),
  );
});
