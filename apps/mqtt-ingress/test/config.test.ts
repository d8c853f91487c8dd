import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSettings, SettingsError } from '@tributary/service';
import { checkTogether, settings } from '../src/config.ts';

test('an envelope may not be sent again for as long as half the duplicate window', () => {
  const load = (environment: Record<string, string>) => loadSettings(settings, environment);
  checkTogether(load({}));
  checkTogether(load({ TRIBUTARY_LOG_DUPLICATE_WINDOW_MS: '10000', TRIBUTARY_LOG_GIVE_UP_MS: '4900' }));
  assert.throws(
    () =>
      checkTogether(load({ TRIBUTARY_LOG_DUPLICATE_WINDOW_MS: '10000', TRIBUTARY_LOG_GIVE_UP_MS: '5000' })),
    (error) =>
      error instanceof SettingsError && error.message.includes('log.duplicateWindowMs, which is 10000'),
  );
  assert.throws(() => checkTogether(load({ TRIBUTARY_LOG_DUPLICATE_WINDOW_MS: '60000' })), SettingsError);
});
