import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ScramClient, TemporaryFolder, type Proc, uniqueName, until } from '@tributary/testing';
import mqtt from 'mqtt';
import { metric, Platform, mqttAddress } from '../platform.ts';
import { RawClient } from '../raw-client.ts';

const COMMAND = fileURLToPath(new URL('../../src/users/command.ts', import.meta.url));

/** Runs `npm run users` without npm. */
async function users(args: string[], password: string): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: 'pipe' });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(`${password}\n`);
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

/** Reason of a CONNACK: its reason code or return code. */
async function answer(node: Proc, version: 4 | 5, user?: string, password?: string): Promise<number> {
  using client = new RawClient(node, version);
  client.sendConnect({
    clientId: uniqueName('c'),
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password: Buffer.from(password) }),
  });
  const { reasonCode, returnCode } = await client.take('connack', 10_000);
  return reasonCode ?? returnCode ?? -1;
}

describe('users', () => {
  let folder: TemporaryFolder;
  let platform: Platform;
  let file: string;
  let native: Proc;
  let aedes: Proc;

  before(async () => {
    folder = new TemporaryFolder('users');
    file = join(folder.path, 'users');
    for (const name of ['alice', 'bob']) {
      const { code, err } = await users(['add', name, '--file', file], `secret of ${name}`);
      assert.equal(code, 0, err);
    }
    platform = await Platform.start();
    const settings = { 'auth.usersFile': file, 'auth.anonymous': false };
    native = await platform.node({ ...settings, 'mqtt.engine': 'native' });
    aedes = await platform.node({ ...settings, 'mqtt.engine': 'aedes' });
  });
  after(async () => {
    await platform[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it('the command prints a line, or keeps a file that only its owner reads', async () => {
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.match(
      await readFile(file, 'utf8'),
      /^# .*\nseed: \S+\nalice SCRAM-SHA-256\$4096:\S+\nbob SCRAM-\S+\n$/,
    );
    const printed = await users(['add', 'carol', '--iterations', '5000'], 'secret');
    assert.match(printed.out, /^carol SCRAM-SHA-256\$5000:\S+\n$/);
    for (const [args, password, message] of [
      [['add', 'carol'], '', /password is empty/],
      [['add', ''], 'x', /name is empty/],
      [['add', 'carol', '--iterations', '1'], 'x', /between 4096/],
      [['remove', 'carol'], 'x', /add NAME/],
      [['add', 'carol', '--fiel', 'x'], 'x', /--fiel[^]*usage/],
    ] as const) {
      const { code, err } = await users([...args], password);
      assert.notEqual(code, 0);
      assert.match(err, message);
    }
  });

  /** User name, password, answer to MQTT 3.1.1 and to MQTT 5. */
  const credentials: [name: string, user: string | undefined, password: string | undefined, v4: number, v5: number][] = [
    ['right', 'alice', 'secret of alice', 0, 0],
    ['another user', 'bob', 'secret of bob', 0, 0],
    ['a wrong password', 'alice', 'secret of bob', 4, 0x86],
    ['an unknown user', 'nobody', 'secret of alice', 4, 0x86],
    ['no password', 'alice', undefined, 4, 0x86],
    ['an empty password', 'alice', '', 4, 0x86],
    ['a user name of 65,000 bytes', 'a'.repeat(65_000), 'x', 4, 0x86],
    ['nothing', undefined, undefined, 5, 0x87],
  ]; // prettier-ignore

  for (const [name, user, password, v4, v5] of credentials) {
    it(`user name and password: ${name}`, async () => {
      for (const node of [native, aedes]) {
        assert.equal(await answer(node, 4, user, password), v4);
        assert.equal(await answer(node, 5, user, password), v5);
      }
    });
  }

  it('anonymous devices connect beside users where they may, but nobody by a name alone', async () => {
    const open = await platform.node({ 'auth.usersFile': file });
    assert.equal(await answer(open, 5), 0);
    assert.equal(await answer(open, 5, 'alice', 'secret of alice'), 0);
    assert.equal(await answer(open, 5, 'alice'), 0x86);
    assert.equal(await answer(open, 5, 'alice', 'wrong'), 0x86);
  });

  /** Connects by SCRAM; the CONNACK's reason, and what the server said last. */
  async function scram(
    node: Proc,
    client: ScramClient,
    method = 'SCRAM-SHA-256',
  ): Promise<{ raw: RawClient; reason: number; last: string; asked: string }> {
    const raw = new RawClient(node, 5);
    raw.sendConnect({
      clientId: uniqueName('scram'),
      properties: { authenticationMethod: method, authenticationData: Buffer.from(client.first) },
    });
    await until(() => raw.received.length > 0, { what: 'an answer' });
    let asked = '';
    if (raw.received[0]?.cmd === 'auth') {
      asked = await prove(raw, client);
    }
    const { reasonCode = -1, properties } = await raw.take('connack');
    return { raw, reason: reasonCode, last: properties?.authenticationData?.toString() ?? '', asked };
  }

  /** Answers a challenge. */
  async function prove(raw: RawClient, client: ScramClient): Promise<string> {
    const { properties } = await raw.take('auth');
    const asked = properties?.authenticationData?.toString() ?? '';
    raw.send({
      cmd: 'auth',
      reasonCode: 0x18,
      properties: {
        authenticationMethod: 'SCRAM-SHA-256',
        authenticationData: Buffer.from(client.answer(asked)),
      },
    });
    return asked;
  }

  it('SCRAM-SHA-256: in, both sides have proved themselves, and rows carry the user', async () => {
    const client = new ScramClient('alice', 'secret of alice');
    const { raw, reason, last } = await scram(native, client);
    using connection = raw;
    assert.deepEqual([reason, last], [0, client.expected]);
    connection.publish('by/scram', 'x', 1, 1);
    await connection.take('puback');
    const row = (await platform.rows()).find(({ row }) => row.topic === 'by/scram');
    assert.equal(Buffer.from(row?.row.username ?? []).toString(), 'alice');
  });

  it('SCRAM-SHA-256: a wrong password and an unknown user look the same', async () => {
    const salts: string[] = [];
    for (const [user, password] of [
      ['alice', 'wrong'],
      ['nobody', 'wrong'],
      ['nobody', 'secret of alice'],
    ] as const) {
      const { raw, reason, asked } = await scram(native, new ScramClient(user, password));
      assert.equal(reason, 0x87);
      await raw.untilClosed();
      salts.push(asked.replace(/^r=[^,]+/, ''));
    }
    assert.equal(salts[1], salts[2], 'an unknown user has a salt of its own, always the same');
    assert.notEqual(salts[0], salts[1]);
    assert.equal(salts[0]?.length, salts[1]?.length);
  });

  it('another method is not known, and the aedes engine knows none', async () => {
    const client = (): ScramClient => new ScramClient('alice', 'secret of alice');
    const other = await scram(native, client(), 'SCRAM-SHA-1');
    assert.equal(other.reason, 0x8c);
    const none = await scram(aedes, client());
    assert.equal(none.reason, 0x8c);
    const without = await platform.node({ 'mqtt.engine': 'native' });
    const nobody = await scram(without, client());
    assert.equal(nobody.reason, 0x8c);
    for (const { raw } of [other, none, nobody]) raw[Symbol.dispose]();
  });

  it('a device authenticates again, as itself and as nobody else', async () => {
    const again = (raw: RawClient, client: ScramClient): void =>
      raw.send({
        cmd: 'auth',
        reasonCode: 0x19,
        properties: { authenticationMethod: 'SCRAM-SHA-256', authenticationData: Buffer.from(client.first) },
      });
    const { raw } = await scram(native, new ScramClient('alice', 'secret of alice'));
    using connection = raw;
    const right = new ScramClient('alice', 'secret of alice');
    again(connection, right);
    await prove(connection, right);
    const done = await connection.take('auth');
    assert.deepEqual([done.reasonCode, done.properties?.authenticationData?.toString()], [0, right.expected]);
    const bob = new ScramClient('bob', 'secret of bob');
    again(connection, bob);
    await prove(connection, bob);
    assert.equal((await connection.take('disconnect')).reasonCode, 0x87);
    await connection.untilClosed();
    assert.equal(await metric(native, 'tributary_ingress_reauthentications_total', 'result="accepted"'), 1);
    assert.equal(await metric(native, 'tributary_ingress_reauthentications_total', 'result="refused"'), 1);
  });

  it('a device may take longer to answer than the node to admit it', async () => {
    const node = await platform.node({
      'auth.usersFile': file,
      'mqtt.engine': 'native',
      'connect.timeoutMs': 300,
    });
    const client = new ScramClient('alice', 'secret of alice');
    using raw = new RawClient(node, 5);
    raw.sendConnect({
      clientId: uniqueName('slow'),
      properties: {
        authenticationMethod: 'SCRAM-SHA-256',
        authenticationData: Buffer.from(client.first),
      },
    });
    await until(() => raw.received.length > 0, { what: 'a challenge' });
    await delay(600);
    await prove(raw, client);
    assert.equal((await raw.take('connack')).reasonCode, 0);
  });

  it('MQTT.js connects by SCRAM', async () => {
    const { host, port } = mqttAddress(native);
    const scramClient = new ScramClient('bob', 'secret of bob');
    const client = mqtt.connect(`mqtt://${host}:${port}`, {
      protocolVersion: 5,
      reconnectPeriod: 0,
      manualConnect: true,
      properties: {
        authenticationMethod: 'SCRAM-SHA-256',
        authenticationData: Buffer.from(scramClient.first),
      },
    });
    client.handleAuth = ({ properties }, done) => {
      const authenticationData = Buffer.from(scramClient.answer(String(properties?.authenticationData)));
      const reply = { authenticationMethod: 'SCRAM-SHA-256', authenticationData };
      done(undefined, { cmd: 'auth', reasonCode: 0x18, properties: reply });
    };
    const ready = new Promise<mqtt.IConnackPacket>((resolve, reject) => {
      client.once('connect', resolve);
      client.once('error', reject);
    });
    client.connect();
    assert.equal(String((await ready).properties?.authenticationData), scramClient.expected);
    await client.publishAsync('by/mqttjs', 'x', { qos: 1 });
    await client.endAsync();
  });

  it('a new version of the file counts within seconds; a broken one changes nothing and says so', async () => {
    const own = join(folder.path, 'changing');
    await users(['add', 'alice', '--file', own], 'first');
    const node = await platform.node({ 'auth.usersFile': own, 'auth.anonymous': false });
    assert.equal(await answer(node, 5, 'alice', 'first'), 0);
    await users(['add', 'alice', '--file', own], 'second');
    await until(async () => (await answer(node, 5, 'alice', 'second')) === 0, { timeoutMs: 10_000 });
    assert.equal(await answer(node, 5, 'alice', 'first'), 0x86, 'the password that was remembered is not');

    const good = await readFile(own, 'utf8');
    await writeFile(own, `${good}mallory plain-text\n`);
    const ready = async (): Promise<string> => (await node.get('/readyz')).text();
    await until(async () => (await ready()).includes('changing:4: a line is a name'), { timeoutMs: 10_000 });
    assert.equal((await node.get('/readyz')).status, 200, 'it still serves');
    assert.equal(await answer(node, 5, 'alice', 'second'), 0);
    await writeFile(own, good);
    await until(async () => !(await ready()).includes('a line is a name'), { timeoutMs: 10_000 });
  });

  it('a node does not start with a file that it cannot read, and says why', async () => {
    const broken = join(folder.path, 'broken');
    await writeFile(broken, 'seed: 3q2+796tvu/erb7v3q2+796tvu/erb7v\nalice secret\nbob\n');
    await assert.rejects(
      platform.node({ 'auth.usersFile': broken }),
      /broken:2: a line is[^]*broken:3: a line is/,
    );
    await assert.rejects(
      platform.node({ 'auth.usersFile': join(folder.path, 'none') }),
      /cannot be read: ENOENT/,
    );
  });
});
