import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { progressTo, skipWithout } from '@tributary/testing';
import { DEFAULT_SEED } from '../src/fault-options.ts';
import { subset } from '../src/plan.ts';
import { rowLines } from '../src/report/row-line.ts';
import { runSuite } from '../src/suite.ts';

const LOAD = { devices: 200, pauseMs: 500 };

describe(
  'while numbered messages flow from 200 devices at QoS 0, 1 and 2',
  { skip: skipWithout('kcat') },
  () => {
    it('nothing acknowledged is lost, reordered or there too often, whatever breaks', async () => {
      const say = (line: string): void => console.log(line);
      const reports = await runSuite(subset(), {
        seed: DEFAULT_SEED,
        load: LOAD,
        progress: progressTo(say),
        onRow: (report) => rowLines(report).forEach(say),
      });
      const failures = reports.flatMap(({ name, failures }) =>
        failures.map((failure) => `${name}: ${failure}`),
      );
      assert.deepEqual(failures, []);
      assert.equal(reports.length, subset().length);
    });
  },
);
