import type { Checkouts, SuiteName } from '../conformance-options.ts';
import { clientsSuite } from '../clients/clients-suite.ts';
import { statementsSuite } from '../statements/statements-suite.ts';
import { mqtt5ConformanceSuite } from './mqtt5-conformance.ts';
import { pahoSuite } from './paho.ts';
import type { Suite, SuiteReport } from './suite.ts';
import type { Target } from '../target/target.ts';

/** @throws ConformanceError 'no-checkout' */
export function suiteOf(name: SuiteName, checkouts: Checkouts): Suite {
  switch (name) {
    case 'statements':
      return statementsSuite();
    case 'clients':
      return clientsSuite();
    case 'paho':
      return pahoSuite(checkouts.paho ?? '');
    case 'mqtt5-conformance':
      return mqtt5ConformanceSuite(checkouts['mqtt5-conformance'] ?? '');
  }
}

export async function runSuite(suite: Suite, target: Target): Promise<SuiteReport> {
  const began = performance.now();
  const results = await suite.run(target);
  const seconds = Math.round((performance.now() - began) / 1000);
  return { suite: suite.name, target: target.name, seconds, results };
}
