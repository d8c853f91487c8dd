import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { NatsConnection } from '@nats-io/transport-node';
import { Settled, type SessionCommand } from '@tributary/contracts';
import { connectNats } from '@tributary/log';
import { Metrics } from '@tributary/telemetry';
import { startNats, until, type NatsServer } from '@tributary/testing';
import { IngressMetrics } from '../../src/metrics.ts';
import { SessionClient } from '../../src/session/session-client.ts';
import { SettlementSender } from '../../src/session/settlement-sender.ts';
import { granted, SessionResponder } from '../session-responder.ts';

const metrics = new Metrics({ service: 'test', instance: 'test', version: '0' });

describe('settlements on their way to session-state', () => {
  let server: NatsServer;
  let nats: NatsConnection;
  let responder: SessionResponder;
  let over: AbortController;
  let sender: SettlementSender;

  before(async () => {
    server = await startNats();
    nats = await connectNats({ servers: [server.url], name: 'test' });
  });
  after(async () => {
    await metrics[Symbol.asyncDispose]();
    await nats.close();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    responder = new SessionResponder(nats);
    over = new AbortController();
    sender = new SettlementSender(new SessionClient(nats), over.signal, new IngressMetrics(metrics));
  });

  afterEach(() => responder[Symbol.dispose]());

  const sizes = (): number[] =>
    responder.commands.map((command) => (command.type === 'settle' ? command.settlements.length : 0));

  it('travel one request at a time; what comes meanwhile forms the next', async () => {
    for (let n = 1; n <= 3; n++) sender.add(['a', 1, n, Settled.done]);
    await until(() => sizes().length === 1, { intervalMs: 1 });
    for (let n = 4; n <= 9; n++) sender.add(['a', 1, n, Settled.done]);
    await sender.told();
    assert.deepEqual(sizes(), [3, 6]);
    assert.deepEqual(
      responder.settledBy('a').map(([counter]) => counter),
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert.equal(sender.waiting, 0);
  });

  it('are waited for only up to what was there', async () => {
    // More comes with every answer.
    responder.answer = (command) => {
      if (sizes().length < 50) sender.add(['a', 1, sizes().length, Settled.done]);
      return granted(command);
    };
    sender.add(['a', 1, 1, Settled.done]);
    await sender.told();
    assert.ok(sizes().length < 10, `${sizes().length} requests`);
    await until(() => sender.waiting === 0);
  });

  it('are cut by number and by the length of client ids', async () => {
    for (let n = 1; n <= 2_500; n++) sender.add(['a', 1, n, Settled.done]);
    await sender.told();
    assert.deepEqual(sizes(), [1_000, 1_000, 500]);
    const longest = '\u0001'.repeat(65_535);
    for (let n = 1; n <= 2; n++) sender.add([longest, 1, n, Settled.done]);
    await sender.told();
    assert.deepEqual(sizes().slice(3), [1, 1]);
  });

  it('wait until they are answered, and only then are known to be stored', async () => {
    let answers = 0;
    responder.answer = () => undefined;
    sender.add(['a', 1, 1, Settled.received], (stored) => (answers += stored ? 1 : 100));
    await until(() => sizes().length === 2, { what: 'it is asked again', timeoutMs: 5_000 });
    assert.equal(answers, 0);
    responder.answer = () => ({ ok: false, code: 'unavailable', message: 'not yet' });
    await until(() => sizes().length === 5);
    assert.equal(answers, 0);
    responder.answer = granted;
    await sender.told();
    assert.equal(answers, 1);
  });

  it('are told to be refused, and those behind them go on', async () => {
    const answers: boolean[] = [];
    responder.answer = (command: SessionCommand) =>
      sizes().length === 1 ? { ok: false, code: 'invalid', message: 'no' } : granted(command);
    sender.add(['a', 1, 1, Settled.received], (stored) => answers.push(stored));
    await sender.told();
    sender.add(['a', 1, 2, Settled.received], (stored) => answers.push(stored));
    await sender.told();
    assert.deepEqual(answers, [false, true]);
  });

  it('end with the life of the node, unanswered', async () => {
    responder.answer = () => undefined;
    sender.add(['a', 1, 1, Settled.received], () => assert.fail('nobody answered'));
    await until(() => sizes().length === 1, { intervalMs: 1 });
    over.abort(new Error('over'));
    await sender.told();
  });
});
