import { countOf, type CaseResult, type SuiteReport } from '../suites/suite.ts';

/** One suite beside itself: a row for each case, a column for each target. */
export interface Comparison {
  readonly suite: string;
  readonly targets: readonly string[];
  readonly rows: readonly { readonly name: string; readonly results: readonly (CaseResult | undefined)[] }[];
}

/** @param reports of one suite */
export function compare(suite: string, reports: readonly SuiteReport[]): Comparison {
  const names = [...new Set(reports.flatMap(({ results }) => results.map(({ name }) => name)))];
  return {
    suite,
    targets: reports.map(({ target }) => target),
    rows: names.map((name) => ({
      name,
      results: reports.map(({ results }) => results.find((result) => result.name === name)),
    })),
  };
}

const WORDS = { passed: 'passed', failed: '**failed**', skipped: '-' } as const;

/** Markdown: a row of counts for each target, and a row for every case that not all targets pass. */
export function comparisonTable({ targets, rows }: Comparison): string[] {
  const columns = targets.map((_, index) => rows.flatMap(({ results }) => results[index] ?? []));
  const counts = columns.map(
    (results) =>
      `${countOf(results, 'passed')} of ${results.length - countOf(results, 'skipped')}` +
      (countOf(results, 'skipped') > 0 ? `, ${countOf(results, 'skipped')} not run` : ''),
  );
  const notable = rows.filter(({ results }) => results.some((result) => result?.outcome !== 'passed'));
  return [
    line(['case', ...targets]),
    line(['---', ...targets.map(() => '---')]),
    line(['**passed**', ...counts]),
    ...notable.map(({ name, results }) =>
      line([`\`${name}\``, ...results.map((result) => (result === undefined ? '-' : WORDS[result.outcome]))]),
    ),
  ];
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
