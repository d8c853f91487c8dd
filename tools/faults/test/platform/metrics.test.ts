import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMetrics, telling } from '../../src/platform/metrics.ts';

const page = (started: number, lost: number): string => `# TYPE tributary_leases_lost_total counter
tributary_leases_lost_total{kind="a"} ${lost}
tributary_leases_lost_total{kind="b"} 1
process_start_time_seconds ${started}
`;

test('metrics are summed over their labels', () => {
  assert.equal(parseMetrics(page(1, 4)).get('tributary_leases_lost_total'), 5);
});

test('what was counted meanwhile is told, also by a process that began anew', () => {
  const before = parseMetrics(page(1, 4));
  assert.deepEqual(telling(before, parseMetrics(page(1, 6))), ['2 leases lost']);
  assert.deepEqual(telling(before, parseMetrics(page(2, 1))), ['2 leases lost']);
  assert.deepEqual(telling(before, before), []);
  assert.deepEqual(telling(before, undefined), []);
});
