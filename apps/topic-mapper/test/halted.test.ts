import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headers as natsHeaders } from '@nats-io/transport-node';
import { outHeaders, streamNames, subjects } from '@tributary/contracts';
import { until, type Proc } from '@tributary/testing';
import { mappingText, publish, range, startFixture, type MapperFixture } from './mapper-fixture.ts';
import { covered, readOut } from './out-reading.ts';

async function put(fixture: MapperFixture, partition: number, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    fixture.appender.append(partition, publish(n), null);
    await fixture.appender.flush();
  }
}

async function halted(mapper: Proc, code: string): Promise<void> {
  await until(async () => (await (await mapper.get('/readyz')).text()).includes(`halted, ${code}`), {
    what: `halted with ${code}`,
    timeoutMs: 30_000,
  });
  const metrics = await (await mapper.get('/metrics')).text();
  assert.match(metrics, /tributary_partition_halted\{cluster="main",partition="0"\} 1/);
  assert.match(metrics, /tributary_partition_halted\{cluster="main",partition="1"\} 0/);
}

/** Halted from the start: never ready, so only its endpoints are waited for. */
async function startHalted(fixture: MapperFixture, code: string): Promise<Proc> {
  const mapper = await fixture.mapper({ waitFor: 'endpoints' });
  await halted(mapper, code);
  return mapper;
}

async function valuesOf(fixture: MapperFixture, partition: number): Promise<string[]> {
  return (await readOut(fixture, partition)).flatMap(({ rows }) => rows.map(({ value }) => String(value)));
}

describe('a partition halts with a finding', () => {
  it('when the log was created anew, at run time and after a restart; the other partition goes on', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper();
    await put(fixture, 0, range(5));
    await covered(fixture);
    await fixture.manager.streams.delete(streamNames.log(1, 0));
    await fixture.topology();
    // More than the old one had: whoever goes on by number alone would take these for the next ones.
    await put(fixture, 0, range(20, 100));
    await halted(mapper, 'incarnation-unknown');
    await put(fixture, 1, range(5));
    await until(async () => (await valuesOf(fixture, 1)).length === 5);
    await mapper.stop();
    await startHalted(fixture, 'incarnation-unknown');
    assert.deepEqual(await valuesOf(fixture, 0), range(5).map(String), 'nothing of the new log');
    assert.equal((await fixture.cursors.read('cluster_main', 1, 0))?.sequence, 5, 'the cursor stays');
  });

  it('when OUT or cursor are ahead of the log', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper();
    await put(fixture, 0, range(5));
    await covered(fixture);
    await mapper.stop();
    // What a restored backup looks like: the same stream with less in it.
    const name = streamNames.log(1, 0);
    const { config } = await fixture.manager.streams.info(name);
    await fixture.manager.streams.delete(name);
    await fixture.manager.streams.add({ ...config, name });
    await put(fixture, 0, range(2));
    await startHalted(fixture, 'position-beyond');
    assert.deepEqual(await valuesOf(fixture, 0), range(5).map(String));
  });

  it('when rows were removed from the log before they were mapped', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper();
    await put(fixture, 0, range(5));
    await covered(fixture);
    await mapper.stop();
    await put(fixture, 0, range(5, 5));
    await fixture.manager.streams.purge(streamNames.log(1, 0), { seq: 8 });
    await startHalted(fixture, 'position-gap');
    assert.deepEqual(await valuesOf(fixture, 0), range(5).map(String));
  });

  it('when an unfinished batch cannot be made again', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    await put(fixture, 0, range(1));
    const [log] = (await fixture.topology()).streams;
    const headers = natsHeaders();
    const begun = {
      incarnation: log?.incarnation ?? '',
      from: 1,
      sequence: 1,
      part: 1,
      parts: 2,
      mapping: 1,
      epoch: 1,
    };
    for (const [name, value] of outHeaders(begun)) headers.set(name, value);
    await fixture.js.publish(subjects.out('main', 1, 0), Buffer.from('made by somebody else'), { headers });
    await startHalted(fixture, 'not-reproducible');
    assert.equal((await fixture.manager.streams.info(streamNames.out('main', 1, 0))).state.messages, 1);
  });

  it('when the last message of OUT does not say where it comes from', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    await fixture.js.publish(subjects.out('main', 1, 0), Buffer.from('no position'));
    await startHalted(fixture, 'checkpoint-invalid');
  });
});
