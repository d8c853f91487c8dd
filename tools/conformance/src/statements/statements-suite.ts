import type { CaseResult, Suite } from '../suites/suite.ts';
import type { Target } from '../target/target.ts';
import { chapters, statements } from './catalogue.ts';
import { Scene } from './scene.ts';
import type { Statement } from './statement.ts';

/** Cases wait more than they work. */
const AT_ONCE = 8;
const MOST_DETAIL = 300;

/** Our own cases, one for each normative statement that a client can see a server heed. */
export function statementsSuite(): Suite {
  return {
    name: 'statements',
    title: 'Our cases, by normative statement',
    command: 'npm run conformance -- --suite statements',
    source: async () => `${statements.length} statements in ${Object.keys(chapters).length} chapters`,
    run: async (target) => {
      const results: CaseResult[] = [];
      const waiting = [...statements];
      const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          results.push(await play(next, target));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      const order = new Map(statements.map(({ id }, index) => [id, index]));
      return results.toSorted((a, b) => (order.get(idOf(a)) ?? 0) - (order.get(idOf(b)) ?? 0));
    },
  };
}

/** Plays one case. Where the engine is excepted it must fail, and counts as not run. */
export async function play({ id, says, test, except = {} }: Statement, target: Target): Promise<CaseResult> {
  const name = `${id}: ${says}`;
  const reason = target.kind === 'mosquitto' ? undefined : except[target.kind];
  using scene = new Scene(target);
  try {
    await test(scene);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const detail = message.replaceAll(/\s+/g, ' ').slice(0, MOST_DETAIL);
    return reason === undefined
      ? { name, outcome: 'failed', detail }
      : { name, outcome: 'skipped', detail: reason };
  }
  if (reason === undefined) return { name, outcome: 'passed', detail: '' };
  return { name, outcome: 'failed', detail: `the exception of ${target.kind} is needed no more: ${reason}` };
}

function idOf({ name }: CaseResult): string {
  return name.slice(0, name.indexOf(':'));
}
