import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, run, skipWithout, startKafka, TemporaryFolder, uniqueName } from '@tributary/testing';
import { createProducerDriver, KafkaAdmin } from '../src/mod.ts';
import { DRIVERS } from './support/drivers.ts';
import { failure } from './support/failure.ts';

test(
  'drivers and admin speak TLS, and trust only whom they are told to',
  { skip: skipWithout('openssl') },
  async () => {
    using folder = new TemporaryFolder('kafka-tls');
    const key = join(folder.path, 'key.pem');
    const certificate = join(folder.path, 'certificate.pem');
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    await run('openssl', [
      ...request,
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      key,
      '-out',
      certificate,
    ]);
    const keystore = join(folder.path, 'keystore.pem');
    writeFileSync(keystore, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
    const port = await freePort();
    const plainPort = await freePort();
    const controllerPort = await freePort();
    await using kafka = await startKafka({
      port: plainPort,
      controllerPort,
      properties: {
        listeners: `CLIENTS://127.0.0.1:${plainPort},TLS://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
        'advertised.listeners': `CLIENTS://127.0.0.1:${plainPort},TLS://localhost:${port}`,
        'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,TLS:SSL,CONTROLLER:PLAINTEXT',
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': keystore,
      },
    });
    assert.ok(kafka.pid > 0);
    const brokers = [`localhost:${port}`];
    const tls = { ca: readFileSync(certificate) };
    const topic = uniqueName('tls');
    {
      await using admin = new KafkaAdmin({ brokers, clientId: 'test', tls });
      await admin.createTopics([{ topic, partitions: 1, replication: 1 }]);
    }
    const record = {
      topic,
      partition: 0,
      key: null,
      value: Buffer.from('x'),
      headers: [],
      timestampMs: Date.now(),
    };
    for (const driver of DRIVERS) {
      await using producer = createProducerDriver({ driver, brokers, clientId: 'test', tls });
      await producer.connect();
      assert.equal((await producer.send([record])).ranges.length, 1);
      await using distrustful = createProducerDriver({ driver, brokers, clientId: 'test', tls: {} });
      assert.equal((await failure(distrustful.connect())).code, 'connection');
    }
  },
);
