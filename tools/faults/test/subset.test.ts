import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { progressTo, skipWithout } from '@tributary/testing';
import { DEFAULT_SEED } from '../src/fault-options.ts';
import { subset } from '../src/plan.ts';
import type { ProfileName } from '../src/platform/profiles.ts';
import { rowLines } from '../src/report/row-line.ts';
import { runSuite } from '../src/suite.ts';

const LOAD = { devices: 200, pauseMs: 500 };
const PROFILES: readonly ProfileName[] = ['single', 'cluster'];

describe(
  'while numbered messages flow from 200 devices at QoS 0, 1 and 2',
  { skip: skipWithout('kcat') },
  () => {
    for (const profile of PROFILES) {
      it(`nothing acknowledged is lost, reordered or there too often, whatever breaks: ${profile}`, async () => {
        const say = (line: string): void => console.log(line);
        const reports = await runSuite(subset(profile), {
          seed: DEFAULT_SEED,
          load: LOAD,
          progress: progressTo(say),
          onRow: (report) => rowLines(report).forEach(say),
        });
        const failed = reports.flatMap(({ name, failures }) =>
          failures.map((failure) => `${name}: ${failure}`),
        );
        assert.deepEqual(failed, []);
        assert.equal(reports.length, subset(profile).length);
      });
    }
  },
);
