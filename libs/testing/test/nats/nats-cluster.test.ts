import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { jetstream, jetstreamManager, StorageType } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startNatsCluster, type NatsCluster } from '../../src/nats/nats-cluster.ts';
import { uniqueName } from '../../src/wait/unique-name.ts';
import { until } from '../../src/wait/until.ts';

describe('three NATS servers', () => {
  let cluster: NatsCluster;
  before(async () => {
    cluster = await startNatsCluster({ syncInterval: 'always' });
  });
  after(() => cluster[Symbol.asyncDispose]());

  it('keep a stream three times, and another one leads it when its leader is killed', async () => {
    const connection = await connect({ servers: cluster.urls });
    const manager = await jetstreamManager(connection);
    const name = uniqueName('orders');
    await manager.streams.add({ name, subjects: [name], storage: StorageType.File, num_replicas: 3 });
    // A new stream's subject takes a moment to be known on the server that we are connected to.
    await until(() => jetstream(connection).publish(name, 'first'), { what: 'the stream to be reached' });
    const leader = await cluster.leaderOf(name);
    await leader.kill();
    const successor = await cluster.leaderOf(name);
    assert.notEqual(successor.name, leader.name);
    await until(() => jetstream(connection).publish(name, 'second'), { what: 'the stream to go on' });
    await leader.start();
    await cluster.settled();
    const { state, cluster: replicas } = await manager.streams.info(name);
    assert.equal(state.messages, 2);
    assert.equal(replicas?.replicas?.filter(({ current }) => current).length, 2);
    await connection.close();
  });

  it('agree who places streams, without the one that is frozen', async () => {
    const leader = await cluster.metaLeader();
    leader.pause();
    const successor = await cluster.metaLeader();
    assert.notEqual(successor.name, leader.name);
    leader.resume();
    await cluster.settled();
  });
});
