import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chapters } from '../../src/statements/catalogue.ts';
import { play } from '../../src/statements/statements-suite.ts';
import type { Engine, Target } from '../../src/target/target.ts';
import { startTributary } from '../../src/target/tributary.ts';

/** Cases wait more than they work. */
const AT_ONCE = 8;

/** Every case against one platform with this engine. */
export function statementTests(engine: Engine): void {
  describe(`statements, ${engine}`, { concurrency: AT_ONCE }, () => {
    let target: Target;
    before(async () => {
      target = await startTributary(engine);
    });
    after(() => target[Symbol.asyncDispose]());
    for (const [chapter, statements] of Object.entries(chapters)) {
      for (const statement of statements) {
        it(`${chapter}, ${statement.id}: ${statement.says}`, async (context) => {
          const { outcome, detail } = await play(statement, target);
          if (outcome === 'skipped') context.diagnostic(`exception of ${engine}: ${detail}`);
          assert.notEqual(outcome, 'failed', detail);
        });
      }
    }
  });
}
