import type { Suite } from '../suites/suite.ts';
export function clientsSuite(): Suite {
  throw new Error('later');
}
