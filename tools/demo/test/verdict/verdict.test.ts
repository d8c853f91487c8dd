import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ledger, type Entry } from '../../src/verdict/ledger.ts';
import { judge, type Circumstances } from '../../src/verdict/verdict.ts';

const normal: Circumstances = { qos: 1, refused: 0, answered: true, early: false, restarted: [] };

/** A device "d" whose messages are single characters. */
class Story {
  readonly ledger = new Ledger();
  readonly #open: Entry[] = [];
  #index = 0;

  /** Publishes and sends each; acknowledged unless in brackets. */
  publish(text: string): this {
    for (const [, open, plain] of text.matchAll(/\((.)\)|(.)/g)) {
      const payload = open ?? plain ?? '';
      const entry = this.ledger.published('d', Buffer.from(payload), this.#index++, 0);
      this.send(payload);
      if (plain === undefined) this.#open.push(entry);
      else this.ledger.acknowledged(entry);
    }
    return this;
  }

  /** What was in brackets is acknowledged after all. */
  acknowledge(): this {
    for (const entry of this.#open.splice(0)) this.ledger.acknowledged(entry);
    return this;
  }

  send(text: string): this {
    for (const payload of text) this.ledger.sent('d', Buffer.from(payload));
    return this;
  }

  kafka(text: string, kafkaTopic = 't', key = 'k', producer = 'first'): this {
    for (const payload of text)
      this.ledger.record({ kafkaTopic, key, mqttTopic: 'd', value: Buffer.from(payload), producer });
    return this;
  }

  /** What a later start of kafka-egress writes. */
  again(text: string, producer = 'second'): this {
    return this.kafka(text, 't', 'k', producer);
  }

  verdict(circumstances: Partial<Circumstances> = {}): string {
    const { good, checks } = judge(this.ledger, { ...normal, ...circumstances });
    const wrong = checks.filter((check) => !check.good).map(({ what }) => what);
    assert.equal(good, wrong.length === 0);
    return wrong.join('; ');
  }
}

describe('good', () => {
  const good: [what: string, story: Story][] = [
    ['everything once and in order', new Story().publish('abc').kafka('abc')],
    ['everything there before it is acknowledged', new Story().publish('(a)(b)').kafka('ab').acknowledge()],
    ['sent again and there twice', new Story().publish('abc').send('b').kafka('abbc')],
    [
      'sent again with what followed: first records count',
      new Story().publish('abc').send('ab').kafka('ababc'),
    ],
    ['sent again, and there once', new Story().publish('abc').send('abc').kafka('abc')],
    ['the same said twice, heard twice', new Story().publish('aba').kafka('aba')],
    ['other keys in any order', new Story().publish('abc').kafka('ac', 't', 'k1').kafka('b', 't', 'k2')],
    ['other topics in any order', new Story().publish('abc').kafka('c', 'u').kafka('ab', 't')],
  ];
  for (const [what, story] of good) it(what, () => assert.equal(story.verdict(), ''));

  it('keys are counted once, however many topics have them', () => {
    const story = new Story().publish('abc').kafka('a', 't', 'k').kafka('b', 'u', 'k').kafka('c', 't', 'l');
    assert.equal(story.ledger.keys, 2);
  });
});

describe('not good', () => {
  const bad: [what: string, story: Story, verdict: RegExp, circumstances?: Partial<Circumstances>][] = [
    ['lost', new Story().publish('abc').kafka('ac'), /^1 of 3 acknowledged messages are NOT in Kafka$/],
    ['one of two alike lost', new Story().publish('aa').kafka('a'), /^1 of 2 acknowledged/],
    ['twice', new Story().publish('abc').kafka('abbc'), /^1 record too many/],
    [
      'sent twice, there three times',
      new Story().publish('ab').send('a').kafka('aaab'),
      /^1 record too many/,
    ],
    ['reordered', new Story().publish('abc').kafka('acb'), /^1 record out of order within their keys$/],
    ['from nobody', new Story().publish('a').kafka('ax'), /^1 record that no device sent$/],
    [
      'nothing acknowledged',
      new Story().publish('(a)'),
      /1 of 1 messages were not acknowledged.*0/,
      { answered: false },
    ],
    [
      'no longer acknowledged',
      new Story().publish('a(b)').kafka('a'),
      /1 of 2 messages/,
      { answered: false },
    ],
    ['refused', new Story().publish('a(b)').kafka('a'), /^1 publishes were refused$/, { refused: 1 }],
    [
      'all at once',
      new Story().publish('abcd').kafka('dccx'),
      /2 of 4 .*; 1 record too many.*; 1 record out.*; 1 record that/,
    ],
  ];
  for (const [what, story, expected, circumstances] of bad) {
    it(what, () => assert.match(story.verdict(circumstances), expected));
  }

  it('examples name the topic', () => {
    const { checks } = judge(new Story().publish('ab').kafka('bb').ledger, normal);
    assert.deepEqual(
      checks.map(({ samples }) => samples),
      [['d'], ['d'], []],
    );
  });
});

describe('after a restart of kafka-egress', () => {
  const restarted = { restarted: ['kafka-egress'] };

  it('what its next producer repeats is counted, and no fault', () => {
    const story = new Story().publish('abcd').kafka('abc').again('bcd');
    const { good, checks } = judge(story.ledger, { ...normal, ...restarted });
    assert.equal(good, true);
    assert.deepEqual(
      checks.map(({ what }) => what),
      [
        'all 4 acknowledged messages are in Kafka',
        'repeated by at-least-once delivery after a restart of kafka-egress: 2 records',
        'none else twice unless its device sent it again',
        'in order within each of 1 key',
      ],
    );
  });

  const good: [what: string, story: Story][] = [
    ['repeated after each of two', new Story().publish('abc').kafka('ab').again('b').again('bc', 'third')],
    ['repeated, and sent again by its device', new Story().publish('ab').send('b').kafka('abb').again('bb')],
    ['repeated, of what was said twice', new Story().publish('abca').kafka('ab').again('abca')],
    ['nothing repeated', new Story().publish('abcd').kafka('ab').again('cd')],
  ];
  for (const [what, story] of good) it(what, () => assert.equal(story.verdict(restarted), ''));

  const bad: [what: string, story: Story, verdict: RegExp][] = [
    ['lost', new Story().publish('abcd').kafka('ab').again('bd'), /^1 of 4 acknowledged messages are NOT/],
    ['reordered', new Story().publish('abcd').kafka('ab').again('bdc'), /^1 record out of order/],
    ['twice from one producer', new Story().publish('abc').kafka('abb').again('c'), /^1 record too many/],
    ['twice from the next one', new Story().publish('abc').kafka('ab').again('bbc'), /^1 record too many/],
  ];
  for (const [what, story, expected] of bad) {
    it(`still not good: ${what}`, () => assert.match(story.verdict(restarted), expected));
  }

  it('without a restart another producer is no excuse', () => {
    const story = new Story().publish('abc').kafka('ab').again('bc');
    assert.match(story.verdict(), /^1 record too many/);
  });
});

it("not acknowledged and in Kafka nevertheless is nobody's fault", () => {
  assert.equal(new Story().publish('a(b)').kafka('ab').verdict({ early: true }), '');
});

it('ended early, what is open does not count', () => {
  assert.equal(new Story().publish('a(b)').kafka('a').verdict({ early: true }), '');
});

it('QoS 0 promises nothing but order and no duplicates', () => {
  assert.equal(new Story().publish('(a)(b)(c)').kafka('ac').verdict({ qos: 0 }), '');
  assert.match(new Story().publish('(a)(b)').kafka('aba').verdict({ qos: 0 }), /1 record too many/);
});

it('a late record is no longer missing', () => {
  const story = new Story().publish('ab').kafka('a');
  assert.equal(story.ledger.totals.missing, 1);
  story.kafka('b');
  assert.equal(story.ledger.totals.missing, 0);
});
