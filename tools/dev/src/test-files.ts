import { globSync } from 'node:fs';
import { WORKSPACE } from '@tributary/testing';
import { DevError } from './errors.ts';

const PATTERN = '{apps,libs,tools}/*/test/**/*.test.ts';

/**
 * The test files, relative to the workspace, whose path contains any of `filters`; all without filters.
 * Errors: `usage`, if a filter chooses none.
 */
export function testFiles(filters: readonly string[]): string[] {
  const all = globSync(PATTERN, { cwd: WORKSPACE, exclude: ['**/node_modules/**'] }).sort();
  for (const filter of filters) {
    if (all.some((file) => file.includes(filter))) continue;
    throw new DevError(
      'usage',
      `no test file has "${filter}" in its path; npm test -- libs/log chooses those of one folder`,
    );
  }
  return filters.length === 0 ? all : all.filter((file) => filters.some((filter) => file.includes(filter)));
}
