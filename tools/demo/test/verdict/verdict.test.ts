import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ledger, type Entry } from '../../src/verdict/ledger.ts';
import { judge, type Circumstances } from '../../src/verdict/verdict.ts';

const normal: Circumstances = { qos: 1, refused: 0, answered: true, early: false };

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

  kafka(text: string, kafkaTopic = 't', key = 'k'): this {
    for (const payload of text)
      this.ledger.record({ kafkaTopic, key, mqttTopic: 'd', value: Buffer.from(payload) });
    return this;
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
