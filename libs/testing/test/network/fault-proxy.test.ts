import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FaultProxy } from '../../src/network/fault-proxy.ts';
import { until } from '../../src/wait/until.ts';

/** Longer than a passing proxy takes to answer. */
const SILENCE_MS = 100;

describe('a proxy before a server that echoes', () => {
  let server: Server;
  let proxy: FaultProxy;
  let received = '';
  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        received += data.toString();
        socket.write(data);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    proxy = await FaultProxy.start({ target: { host: '127.0.0.1', port } });
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    server.close();
  });

  async function client(): Promise<{ socket: Socket; text: () => string }> {
    const socket = connect(proxy.port, proxy.host);
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    await once(socket, 'connect');
    return { socket, text: () => text };
  }

  it('passes both ways, and an end as an end', async () => {
    const { socket, text } = await client();
    socket.end('hello');
    await once(socket, 'close');
    assert.equal(text(), 'hello');
  });

  it('resets what is connected and serves what comes after', async () => {
    const { socket } = await client();
    await until(() => proxy.connections === 1);
    const reset = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
    assert.equal(proxy.reset(), 1);
    assert.equal((await reset)[0].code, 'ECONNRESET');
    const next = await client();
    next.socket.write('again');
    await until(() => next.text() === 'again');
    next.socket.destroy();
  });

  it('refuses until it passes again', async () => {
    proxy.refuse();
    const refused = connect(proxy.port, proxy.host);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
    proxy.pass();
    const { socket, text } = await client();
    socket.write('x');
    await until(() => text() === 'x');
    socket.destroy();
  });

  it('holds answers only: what was asked has arrived, and the answer comes when it passes', async () => {
    const { socket, text } = await client();
    proxy.holdAnswers();
    socket.write('append');
    await until(() => received.endsWith('append'));
    await delay(SILENCE_MS);
    assert.equal(text(), '');
    proxy.pass();
    await until(() => text() === 'append');
    socket.destroy();
  });

  it('holds requests only, on new connections too', async () => {
    proxy.holdRequests();
    const { socket, text } = await client();
    socket.write('late');
    await delay(SILENCE_MS);
    assert.ok(!received.endsWith('late'));
    proxy.pass();
    await until(() => text() === 'late');
    socket.destroy();
  });

  it('swallows all in a black hole, in which connections stay, and loses nothing of it', async () => {
    const { socket, text } = await client();
    proxy.blackHole();
    for (let n = 0; n < 1_000; n++) socket.write(`${n},`);
    await delay(SILENCE_MS);
    assert.equal(text(), '');
    assert.equal(socket.destroyed, false);
    proxy.pass();
    const all = Array.from({ length: 1_000 }, (_, n) => `${n},`).join('');
    await until(() => text() === all);
    socket.destroy();
  });

  it('delays, and keeps the order when it stops delaying', async () => {
    const { socket, text } = await client();
    proxy.delay(150);
    const began = performance.now();
    socket.write('1');
    await until(() => text() === '1');
    assert.ok(performance.now() - began >= 290, 'both ways');
    socket.write('2');
    await delay(20);
    proxy.pass();
    socket.write('3');
    await until(() => text() === '123');
    socket.destroy();
  });
});
