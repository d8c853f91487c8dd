import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { WORKSPACE } from '@tributary/testing';
import { topSelfTimes, type CpuProfile } from '../src/report/cpu-profile.ts';

const url = pathToFileURL(join(WORKSPACE, 'libs/log/src/appender.ts')).href;
const profile: CpuProfile = {
  startTime: 1_000,
  nodes: [
    { id: 1, callFrame: { functionName: '(idle)', url: '', lineNumber: -1 } },
    { id: 2, callFrame: { functionName: 'append', url, lineNumber: 9 } },
    { id: 3, callFrame: { functionName: '(garbage collector)', url: '', lineNumber: -1 } },
    // The same function, called from elsewhere.
    { id: 4, callFrame: { functionName: 'append', url, lineNumber: 9 } },
    { id: 5, callFrame: { functionName: '', url: 'node:net', lineNumber: 1 } },
  ],
  samples: [2, 1, 3, 4, 5, 2],
  timeDeltas: [100, 500, 100, 200, 100, 900],
};

test('adds up self time by function, idle time left out', () => {
  assert.deepEqual(topSelfTimes(profile, 0, Infinity, 2), [
    { name: 'append libs/log/src/appender.ts:10', us: 1_200, share: 1_200 / 1_400 },
    { name: '(garbage collector)', us: 100, share: 100 / 1_400 },
  ]);
});

test('looks at the window only', () => {
  const times = topSelfTimes(profile, 1_600, 2_000, 9);
  assert.deepEqual(times, [
    { name: 'append libs/log/src/appender.ts:10', us: 200, share: 0.5 },
    { name: '(garbage collector)', us: 100, share: 0.25 },
    { name: '(anonymous) node:net:2', us: 100, share: 0.25 },
  ]);
});
