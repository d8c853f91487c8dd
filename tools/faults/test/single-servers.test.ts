import assert from 'node:assert/strict';
import { it } from 'node:test';
import { progressTo, skipWithout } from '@tributary/testing';
import { DEFAULT_SEED } from '../src/fault-options.ts';
import { subset } from '../src/plan.ts';
import { rowLines } from '../src/report/row-line.ts';
import { runSuite } from '../src/suite.ts';

const say = (line: string): void => console.log(line);
const LOAD = { devices: 200, pauseMs: 500 };

it(
  'nothing acknowledged is lost, reordered or there too often, whatever breaks',
  { skip: skipWithout('kcat') },
  async () => {
    const rows = subset('single');
    const reports = await runSuite(rows, {
      seed: DEFAULT_SEED,
      load: LOAD,
      progress: progressTo(say),
      onRow: (report) => rowLines(report).forEach(say),
    });
    const failed = reports.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`));
    assert.deepEqual(failed, []);
    assert.equal(reports.filter(({ skipped }) => skipped === null).length, rows.length);
  },
);
