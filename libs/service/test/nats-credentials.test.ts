import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { nkeys } from '@nats-io/transport-node';
import { skipWithout, startNats, TemporaryFolder, until } from '@tributary/testing';
import { openNats } from '../src/mod.ts';
import { startLocalService } from './local-service.ts';

type Settings = Readonly<Record<string, string>>;
type KeyPair = ReturnType<typeof nkeys.createUser>;

/** Starts a server with these lines in its configuration and resolves if a service with these settings gets in. */
async function getsIn(extra: string, settings: Settings): Promise<void> {
  await using server = await startNats({ extra });
  await using local = await startLocalService({
    environment: { TRIBUTARY_NATS_SERVERS: server.url, ...settings },
  });
  const nats = await openNats(local.service);
  await nats.flush();
}

/** Starts the same and resolves when the service has said that it does not get in, and was stopped. */
async function isKeptOut(extra: string, settings: Settings): Promise<void> {
  await using server = await startNats({ extra });
  await using local = await startLocalService({
    environment: { TRIBUTARY_NATS_SERVERS: server.url, ...settings },
  });
  const stopped = assert.rejects(openNats(local.service), /the service stops/);
  const reason = async (): Promise<string> => (await fetch(`http://${local.http}/readyz`)).text();
  await until(async () => (await reason()).includes('no NATS server answers'), { what: 'the refusal' });
  await local.process.stop('test');
  await stopped;
}

function fileOf(folder: TemporaryFolder, name: string, content: string | Uint8Array): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

describe('a service authenticates at NATS', () => {
  it('by name and password', async () => {
    const server = 'authorization { user: "tributary", password: "secret" }';
    const user = { TRIBUTARY_NATS_USER: 'tributary' };
    await getsIn(server, { ...user, TRIBUTARY_NATS_PASSWORD: 'secret' });
    await assert.rejects(getsIn(server, { ...user, TRIBUTARY_NATS_PASSWORD: 'wrong' }), {
      code: 'not-authorized',
    });
    await assert.rejects(getsIn(server, {}), { code: 'not-authorized' });
  });

  it('by token', async () => {
    const server = 'authorization { token: "open-sesame" }';
    await getsIn(server, { TRIBUTARY_NATS_TOKEN: 'open-sesame' });
    await assert.rejects(getsIn(server, { TRIBUTARY_NATS_TOKEN: 'wrong' }), { code: 'not-authorized' });
  });

  it('by a seed alone', async () => {
    using folder = new TemporaryFolder('nkey');
    const [user, stranger] = [nkeys.createUser(), nkeys.createUser()];
    const server = `authorization { users: [ { nkey: "${user.getPublicKey()}" } ] }`;
    await getsIn(server, { TRIBUTARY_NATS_CREDENTIALS_FILE: fileOf(folder, 'user.nk', user.getSeed()) });
    const other = fileOf(folder, 'stranger.nk', stranger.getSeed());
    await assert.rejects(getsIn(server, { TRIBUTARY_NATS_CREDENTIALS_FILE: other }), {
      code: 'not-authorized',
    });
  });

  it('by a credentials file: a JWT and its seed', async () => {
    using folder = new TemporaryFolder('creds');
    const [operator, account, system, user] = [
      nkeys.createOperator(),
      nkeys.createAccount(),
      nkeys.createAccount(),
      nkeys.createUser(),
    ];
    const unlimited = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const limits = {
      subs: -1,
      conn: -1,
      leaf: -1,
      imports: -1,
      exports: -1,
      data: -1,
      payload: -1,
      wildcards: true,
    };
    const accountJwt = jwt(operator, account, { type: 'account', limits: { ...limits, ...unlimited } });
    const systemJwt = jwt(operator, system, { type: 'account', limits });
    const server = `
      operator: ${jwt(operator, operator, { type: 'operator' })}
      system_account: ${system.getPublicKey()}
      resolver: MEMORY
      resolver_preload: {
        ${account.getPublicKey()}: ${accountJwt}
        ${system.getPublicKey()}: ${systemJwt}
      }`;
    const creds = (issuer: KeyPair): string => `
-----BEGIN NATS USER JWT-----
${jwt(issuer, user, { type: 'user', subs: -1, data: -1, payload: -1 })}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${new TextDecoder().decode(user.getSeed())}
------END USER NKEY SEED------
`;
    await getsIn(server, { TRIBUTARY_NATS_CREDENTIALS_FILE: fileOf(folder, 'user.creds', creds(account)) });
    const forged = fileOf(folder, 'forged.creds', creds(nkeys.createAccount()));
    await assert.rejects(getsIn(server, { TRIBUTARY_NATS_CREDENTIALS_FILE: forged }), {
      code: 'not-authorized',
    });
  });
});

describe('a service encrypts what it says to NATS', { skip: skipWithout('openssl') }, () => {
  it('to a server of its CA, with a certificate of its own where the server wants one', async () => {
    using folder = new TemporaryFolder('tls');
    const ca = certificate(folder, 'ca');
    const stranger = certificate(folder, 'stranger');
    const node = certificate(folder, 'server', ca);
    const client = certificate(folder, 'client', ca);
    const tls = (more: string): string =>
      `tls { cert_file: "${node.certFile}", key_file: "${node.keyFile}", ca_file: "${ca.certFile}"${more} }`;
    const trusting = { TRIBUTARY_NATS_TLS_CA_FILE: ca.certFile };
    await getsIn(tls(''), trusting);
    const own = {
      TRIBUTARY_NATS_TLS_CERT_FILE: client.certFile,
      TRIBUTARY_NATS_TLS_KEY_FILE: client.keyFile,
    };
    await getsIn(tls(', verify: true'), { ...trusting, ...own });
    await isKeptOut(tls(''), { TRIBUTARY_NATS_TLS_CA_FILE: stranger.certFile });
    await isKeptOut(tls(', verify: true'), trusting);
    // A server that does not encrypt is not talked to.
    await isKeptOut('', trusting);
  });
});

/** A NATS JWT: claims about `subject`, signed by `issuer`. */
function jwt(issuer: KeyPair, subject: KeyPair, nats: Record<string, unknown>): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: 'test',
    nats: { version: 2, ...nats },
  };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex').toUpperCase();
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part({ jti, ...claims })}`;
  return `${signed}.${Buffer.from(issuer.sign(new TextEncoder().encode(signed))).toString('base64url')}`;
}

interface Certificate {
  certFile: string;
  keyFile: string;
}

/** Made by openssl, for 127.0.0.1: Node makes no certificates. Without `issuer` it is a CA. */
function certificate(folder: TemporaryFolder, name: string, issuer?: Certificate): Certificate {
  const certFile = join(folder.path, `${name}.pem`);
  const keyFile = join(folder.path, `${name}.key`);
  const extension = issuer ? 'subjectAltName=IP:127.0.0.1' : 'basicConstraints=critical,CA:TRUE';
  const signing = issuer ? ['-CA', issuer.certFile, '-CAkey', issuer.keyFile] : [];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  const subject = ['-subj', `/CN=${name}`, '-addext', extension, '-days', '2', '-out', certFile];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...signing], { stdio: 'ignore' });
  return { certFile, keyFile };
}
