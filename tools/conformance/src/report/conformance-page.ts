import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WORKSPACE } from '@tributary/testing';
import { ConformanceError } from '../errors.ts';
import type { Suite, SuiteReport } from '../suites/suite.ts';
import { compare, comparisonTable } from './comparison.ts';

const PAGE = join(WORKSPACE, 'docs', 'conformance.md');

/** Replaces the tables of these suites in docs/conformance.md; its words stay. Returns its path. @throws ConformanceError 'no-result' */
export async function writeTables(
  suites: readonly Suite[],
  reports: readonly SuiteReport[],
): Promise<string> {
  let page = readFileSync(PAGE, 'utf8');
  for (const suite of suites) {
    const own = reports.filter((report) => report.suite === suite.name);
    page = replaced(page, suite.name, [
      `${await suite.source()}, run on ${new Date().toISOString().slice(0, 10)}: \`${suite.command}\``,
      '',
      ...comparisonTable(compare(suite.name, own)),
    ]);
  }
  writeFileSync(PAGE, page);
  return PAGE;
}

/** The text between the markers `<!-- NAME -->` and `<!-- /NAME -->` becomes `lines`. */
export function replaced(page: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new ConformanceError('no-result', `${PAGE} has no place for ${name}: ${begin} ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${lines.join('\n')}\n\n${page.slice(to)}`;
}
