import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkoutsOf, type SuiteName } from '../../src/conformance-options.ts';
import { suiteOf } from '../../src/suites/suites.ts';
import { startTarget } from '../../src/target/targets.ts';

// Suites of others run where the environment says that their checkout is.
const checkouts = checkoutsOf(process.env);
for (const name of Object.keys(checkouts) as SuiteName[]) {
  for (const engine of ['native', 'aedes'] as const) {
    test(`${name}, ${engine}`, { timeout: 900_000 }, async () => {
      await using target = await startTarget(engine);
      const results = await suiteOf(name, checkouts).run(target);
      assert.deepEqual(
        results.filter(({ outcome }) => outcome === 'failed'),
        [],
      );
    });
  }
}
