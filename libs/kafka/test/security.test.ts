import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startKafka, uniqueName, type KafkaServer } from '@tributary/testing';
import kafkajs from 'kafkajs';
import { createProducerDriver, KafkaAdmin, type DriverOptions, type SaslOptions } from '../src/mod.ts';
import { DRIVERS } from './support/drivers.ts';
import { failure } from './support/failure.ts';

const ADMIN: SaslOptions = { mechanism: 'plain', username: 'admin', password: 'admin-secret' };
const WRITER: SaslOptions = { mechanism: 'plain', username: 'writer', password: 'writer-secret' };

let kafka: KafkaServer;
let brokers: string[];
let allowed: string;
let forbidden: string;

// A broker that wants a name and a password, and lets "writer" write to one topic.
before(async () => {
  const jaas = [
    'org.apache.kafka.common.security.plain.PlainLoginModule required',
    'username="admin" password="admin-secret" user_admin="admin-secret" user_writer="writer-secret";',
  ].join(' ');
  kafka = await startKafka({
    properties: {
      'listener.security.protocol.map': 'CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'listener.name.clients.plain.sasl.jaas.config': jaas,
      'listener.name.clients.scram-sha-512.sasl.jaas.config':
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:admin;User:ANONYMOUS',
    },
  });
  brokers = kafka.brokers;
  allowed = uniqueName('allowed');
  forbidden = uniqueName('forbidden');
  await using admin = new KafkaAdmin({ brokers, clientId: 'test', sasl: ADMIN });
  await admin.createTopics([
    { topic: allowed, partitions: 1, replication: 1 },
    { topic: forbidden, partitions: 1, replication: 1 },
  ]);
  const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, ResourcePatternTypes } = kafkajs;
  const acls = new Kafka({ clientId: 'test', brokers, sasl: { ...ADMIN, mechanism: 'plain' } }).admin();
  await acls.connect();
  await acls.createAcls({
    acl: [AclOperationTypes.WRITE, AclOperationTypes.DESCRIBE].flatMap((operation) =>
      (operation === AclOperationTypes.WRITE ? [allowed] : [allowed, forbidden]).map((resourceName) => ({
        resourceType: AclResourceTypes.TOPIC,
        resourceName,
        resourcePatternType: ResourcePatternTypes.LITERAL,
        principal: 'User:writer',
        host: '*',
        operation,
        permissionType: AclPermissionTypes.ALLOW,
      })),
    ),
  });
  await acls.disconnect();
});
after(() => kafka[Symbol.asyncDispose]());

for (const driver of DRIVERS) {
  const create = (options: Partial<DriverOptions>) =>
    createProducerDriver({ driver, brokers, clientId: 'test', requestTimeoutMs: 4_000, ...options });
  const record = (topic: string) => ({
    topic,
    partition: 0,
    key: null,
    value: Buffer.from('x'),
    headers: [],
    timestampMs: Date.now(),
  });

  describe(`the ${driver} driver and a broker with access control`, () => {
    test('writes where it may', async () => {
      await using producer = create({ sasl: WRITER });
      await producer.connect();
      assert.equal((await producer.send([record(allowed)])).ranges.length, 1);
    });

    test('names the topic where it may not, which can be mended without a change of records', async () => {
      await using producer = create({ sasl: WRITER });
      await producer.connect();
      const error = await failure(producer.send([record(forbidden)]));
      assert.equal(error.code, 'topic-authorization-failed');
      assert.deepEqual([error.topicFault, error.recordFault, error.retryable], [true, false, true]);
      assert.deepEqual([error.topic, producer.usable], [forbidden, false]);
    });

    for (const [what, sasl] of [
      ['a wrong password', { ...WRITER, password: 'wrong' }],
      ['an unknown user', { mechanism: 'scram-sha-512', username: 'nobody', password: 'x' }],
      ['a mechanism the broker lacks', { mechanism: 'scram-sha-256', username: 'nobody', password: 'x' }],
    ] as const) {
      test(`says at once that ${what} is no way in`, async () => {
        await using producer = create({ sasl });
        const error = await failure(producer.connect());
        assert.deepEqual([error.code, error.retryable], ['authentication', false]);
      });
    }
  });
}
