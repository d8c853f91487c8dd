import assert from 'node:assert/strict';
import { it } from 'node:test';
import { progressTo, skipWithout } from '@tributary/testing';
import { DEFAULT_SEED } from '../src/fault-options.ts';
import { subset } from '../src/plan.ts';
import type { ProfileName } from '../src/platform/profiles.ts';
import { rowLines } from '../src/report/row-line.ts';
import { runSuite } from '../src/suite.ts';

const say = (line: string): void => console.log(line);
const LOAD = { devices: 200, pauseMs: 500 };

/** A test that runs the subset of one profile; each profile has a file of its own, so that two run side by side. */
export function subsetTest(name: string, profile: ProfileName): void {
  void it(name, { skip: skipWithout('kcat') }, async () => {
    const rows = subset(profile);
    const reports = await runSuite(rows, {
      seed: DEFAULT_SEED,
      load: LOAD,
      progress: progressTo(say),
      onRow: (report) => rowLines(report).forEach(say),
    });
    const failed = reports.flatMap(({ name: row, failures }) =>
      failures.map((failure) => `${row}: ${failure}`),
    );
    assert.deepEqual(failed, []);
    assert.equal(reports.filter(({ skipped }) => skipped === null).length, rows.length);
  });
}
