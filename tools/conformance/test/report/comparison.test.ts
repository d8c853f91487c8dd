import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, comparisonTable } from '../../src/report/comparison.ts';
import { replaced } from '../../src/report/conformance-page.ts';
import type { CaseResult } from '../../src/suites/suite.ts';

const result = (name: string, outcome: CaseResult['outcome']): CaseResult => ({ name, outcome, detail: '' });

test('targets stand beside each other; a row for each case that not all pass', () => {
  const reports = [
    { suite: 's', target: 'us', seconds: 1, results: [result('a', 'passed'), result('b', 'passed')] },
    {
      suite: 's',
      target: 'them',
      seconds: 1,
      results: [result('a', 'passed'), result('b', 'failed'), result('c|d', 'skipped')],
    },
  ];
  assert.deepEqual(comparisonTable(compare('s', reports)), [
    '| case | us | them |',
    '| --- | --- | --- |',
    '| **passed** | 2 of 2 | 1 of 2, 1 not run |',
    '| `b` | passed | **failed** |',
    '| `c\\|d` | - | - |',
  ]);
});

test('a table replaces the one there was, and a page without a place for it is an error', () => {
  const page = 'before\n<!-- paho -->\nold\n<!-- /paho -->\nafter\n';
  assert.equal(replaced(page, 'paho', ['new']), 'before\n<!-- paho -->\n\nnew\n\n<!-- /paho -->\nafter\n');
  assert.throws(() => replaced(page, 'other', ['new']), { code: 'no-result' });
});
