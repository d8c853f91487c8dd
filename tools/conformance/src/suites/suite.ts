import type { Target } from '../target/target.ts';

export type Outcome = 'passed' | 'failed' | 'skipped';

/** One case of a suite, by the suite's own name for it. */
export interface CaseResult {
  readonly name: string;
  readonly outcome: Outcome;
  /** Why it failed or was skipped; a line or a few. */
  readonly detail: string;
}

export interface Suite {
  /** As the command line has it. */
  readonly name: string;
  readonly title: string;
  /** The commit of the checkout that is run, or what it is otherwise. */
  source(): Promise<string>;
  /** What somebody would type to do the same by hand; PORT stands for the target's. */
  readonly command: string;
  run(target: Target): Promise<CaseResult[]>;
}

export interface SuiteReport {
  readonly suite: string;
  readonly target: string;
  readonly seconds: number;
  readonly results: readonly CaseResult[];
}

export function countOf(results: readonly CaseResult[], outcome: Outcome): number {
  return results.filter((result) => result.outcome === outcome).length;
}
