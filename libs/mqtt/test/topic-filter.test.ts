import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  matchesTopic,
  parseTopicFilter,
  topicFilterProblem,
  topicLevels,
  topicNameProblem,
} from '../src/mod.ts';

const filters: [filter: string, problem: RegExp | null][] = [
  ['a', null],
  ['/', null],
  ['a//b', null],
  ['#', null],
  ['+', null],
  ['a/+/c/#', null],
  ['+/+', null],
  ['/+', null],
  ['$SYS/#', null],
  ['a b/ä/😀', null],
  ['', /4\.7\.3-1/],
  ['a#', /4\.7\.1-1/],
  ['a/#/b', /4\.7\.1-1/],
  ['##', /4\.7\.1-1/],
  ['a+', /4\.7\.1-2/],
  ['+a', /4\.7\.1-2/],
  ['a/b+/c', /4\.7\.1-2/],
  ['a\0b', /4\.7\.3-2/],
  ['a\ud800b', /1\.5\.4-1/],
  ['x'.repeat(65535), null],
  ['x'.repeat(65536), /65535/],
  ['ä'.repeat(32768), /65535/],
  ['$share/group/a/+', null],
  ['$share/group//', null],
  ['$share//a', /4\.8\.2-1/],
  ['$share/g+/a', /4\.8\.2-1/],
  ['$share/g#/a', /4\.8\.2-1/],
  ['$share/group', /4\.8\.2-2/],
  ['$share/group/', /4\.8\.2-2/],
  ['$share/group/a#', /4\.7\.1-1/],
  ['$shared/a', null],
];

test('a topic filter is valid, or the clause it breaks is named', () => {
  for (const [filter, problem] of filters) {
    const found = topicFilterProblem(filter);
    if (problem === null) assert.equal(found, null, `${filter.slice(0, 40)}: ${found}`);
    else assert.match(found ?? 'valid', problem, filter.slice(0, 40));
  }
});

test('a topic name has no wildcards', () => {
  for (const [name, problem] of [
    ['a/b', null],
    ['/', null],
    ['$SYS/x', null],
    ['', /4\.7\.3-1/],
    ['a/+', /3\.3\.2-2/],
    ['a/#', /3\.3\.2-2/],
    ['a\0', /4\.7\.3-2/],
  ] as const) {
    const found = topicNameProblem(name);
    if (problem === null) assert.equal(found, null);
    else assert.match(found ?? 'valid', problem);
  }
});

test('a shared filter is taken apart', () => {
  assert.deepEqual(parseTopicFilter('$share/g/a/#'), { filter: 'a/#', share: 'g' });
  assert.deepEqual(parseTopicFilter('$share/g//a'), { filter: '/a', share: 'g' });
  assert.deepEqual(parseTopicFilter('a/#'), { filter: 'a/#', share: undefined });
  assert.equal(topicLevels('a'), 1);
  assert.equal(topicLevels('/a/'), 3);
});

const matches: [filter: string, topic: string, expected: boolean][] = [
  ['sport/tennis/player1/#', 'sport/tennis/player1', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
  ['sport/#', 'sport', true],
  ['sport/#', 'sports', false],
  ['#', 'a/b', true],
  ['#', '/', true],
  ['sport/tennis/+', 'sport/tennis/player1', true],
  ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
  ['sport/+', 'sport', false],
  ['sport/+', 'sport/', true],
  ['+/+', '/finance', true],
  ['/+', '/finance', true],
  ['+', '/finance', false],
  ['+', 'finance', true],
  ['+/tennis/#', 'sport/tennis/x', true],
  ['a/+/c', 'a//c', true],
  ['a', 'A', false],
  ['a', '/a', false],
  ['#', '$SYS/monitor', false],
  ['+/monitor/Clients', '$SYS/monitor/Clients', false],
  ['$SYS/#', '$SYS/', true],
  ['$SYS/#', '$SYS', true],
  ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
  ['a/$SYS/+', 'a/$SYS/b', true],
  ['a/#', 'b', false],
  ['a/b/#', 'a', false],
  ['a/b', 'a/b/', false],
];

test('a filter matches as 4.7.1 and 4.7.2 say', () => {
  for (const [filter, topic, expected] of matches) {
    assert.equal(matchesTopic(filter, topic), expected, `${filter} on ${topic}`);
  }
});
