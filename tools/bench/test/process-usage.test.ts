import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import {
  machineUsage,
  parseMachineStat,
  parseProcessStat,
  processUsage,
} from '../src/measure/process-usage.ts';

const noProc = !existsSync('/proc/self/stat') && 'there is no /proc';

test('reads CPU time and memory of a process', () => {
  const line =
    '4711 (node) R 1 4711 4711 0 -1 4194304 100 0 0 0 250 125 900 900 20 0 11 0 5000 1073741824 2560 18446744073709551615 0 0';
  assert.deepEqual(parseProcessStat(line), { cpuUs: 3_750_000, systemUs: 1_250_000, rssBytes: 2560 * 4096 });
});

test('is not misled by the name of a program', () => {
  const line =
    '4711 (a) 9 (b c)) S 1 4711 4711 0 -1 4194304 100 0 0 0 1 2 900 900 20 0 11 0 5000 1073741824 10 18446744073709551615';
  assert.deepEqual(parseProcessStat(line), { cpuUs: 30_000, systemUs: 20_000, rssBytes: 40_960 });
});

test('reads what the machine did, idle time and waiting not counted in', () => {
  const text = 'cpu  10 20 30 4000 500 6 7 8 100 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n';
  assert.deepEqual(parseMachineStat(text), { busyUs: 730_000, stolenUs: 80_000 });
});

test('sees this process work', { skip: noProc }, () => {
  const before = processUsage(process.pid);
  const machineBefore = machineUsage();
  const began = process.cpuUsage();
  for (let used = 0; used < 200_000;) {
    const { user, system } = process.cpuUsage(began);
    used = user + system;
  }
  const after = processUsage(process.pid);
  const machineAfter = machineUsage();
  assert.ok(before && after && machineBefore && machineAfter);
  const used = after.cpuUs - before.cpuUs;
  assert.ok(used >= 170_000 && used < 400_000, `${used} us`);
  assert.ok(machineAfter.busyUs - machineBefore.busyUs >= 170_000);
  const ratio = after.rssBytes / process.memoryUsage.rss();
  assert.ok(ratio > 0.7 && ratio < 1.4, `RSS ratio ${ratio}`);
});

test('knows no process that is not there', () => {
  assert.equal(processUsage(2 ** 30), undefined);
});
