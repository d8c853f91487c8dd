import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeHeaders, encodePublishProperties, OutKind, RowKind } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { mappingText, publish, range, startFixture } from './mapper-fixture.ts';
import { assertExactlyOnce, covered, readOut } from './out-reading.ts';

describe('log to OUT', () => {
  it('waits, ready, for a first mapping, and begins where the log ended when it was applied', async () => {
    await using fixture = await startFixture();
    for (const n of range(10)) fixture.appender.append(0, publish(n), null);
    await fixture.appender.flush();
    const mapper = await fixture.mapper();
    assert.equal((await mapper.get('/readyz')).status, 200);
    const first = (await fixture.topology()).streams[0]?.lastSequence ?? 0;
    await fixture.apply(mappingText());
    for (const n of range(10, 10)) fixture.appender.append(0, publish(n), null);
    await fixture.appender.flush();
    await covered(fixture);
    const messages = await readOut(fixture, 0);
    const values = messages.flatMap(({ rows }) => rows.map(({ value }) => String(value)));
    assert.deepEqual(values, range(10, 10).map(String));
    assert.equal(messages[0]?.position.from, first + 1);
  });

  it('makes of every message the record that the mapping says', async () => {
    await using fixture = await startFixture();
    const version = await fixture.apply(mappingText('  key: ${device}', '  headers: { kind: "${rest}" }'));
    await fixture.mapper();
    const properties = encodePublishProperties({
      contentType: 'text/plain',
      userProperties: [
        ['a', '1'],
        ['a', '2'],
      ],
    });
    const trace = Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    const row = publish(1, { topic: 'dev/7/temp/high', retain: true, properties, trace });
    fixture.appender.append(1, row, null);
    fixture.appender.append(1, publish(2, { kind: RowKind.release }), null);
    fixture.appender.append(1, publish(3, { kind: RowKind.will, topic: 'dev/8' }), null);
    fixture.appender.append(1, publish(4, { kind: RowKind.sessionEnd }), null);
    await fixture.appender.flush();
    await covered(fixture);
    const rows = (await readOut(fixture, 1)).flatMap((message) => message.rows);
    assert.equal(rows.length, 2);
    const [record, will] = rows;
    assert.equal(record?.kind, OutKind.record);
    assert.deepEqual(
      { topic: record.topic, key: String(record.key), value: String(record.value), route: record.route },
      { topic: 'devices', key: '7', value: '1', route: 'all' },
    );
    assert.deepEqual([record.timestampMs, record.logSequence, record.row], [1_700_000_000_001, 1, 0]);
    const headers = decodeHeaders(record.headers).map(([name, value]) => `${name}=${String(value)}`);
    assert.deepEqual(headers.toSorted(), [
      'a=1',
      'a=2',
      'content-type=text/plain',
      'kind=temp/high',
      'mqtt.client_id=client-1',
      'mqtt.qos=1',
      'mqtt.retain=true',
      'mqtt.topic=dev/7/temp/high',
      `traceparent=${String(trace)}`,
    ]);
    assert.deepEqual([String(will?.key), will?.row], ['8', 2]);
    assert.equal((await readOut(fixture, 1))[0]?.position.mapping, version);
  });

  it('maps a busy log completely and in order, and its cursor follows', async () => {
    await using fixture = await startFixture();
    await fixture.apply(mappingText());
    const mapper = await fixture.mapper();
    const count = 60_000;
    for (const n of range(count)) {
      if (!fixture.appender.append(n % 2, publish(n, { bytes: 200 }), null)) {
        await new Promise<void>((resolve) => fixture.appender.whenWritable(n % 2, resolve));
      }
    }
    await fixture.appender.flush();
    await covered(fixture);
    const { rows, messages } = await assertExactlyOnce(fixture);
    assert.equal(rows, count);
    console.log(`${rows} rows in ${messages} messages of OUT, each row once and in order`);
    const { streams } = await fixture.topology();
    await until(async () => {
      const cursors = await Promise.all([0, 1].map((p) => fixture.cursors.read('cluster_main', 1, p)));
      return cursors.every((cursor, p) => cursor?.sequence === streams[p]?.lastSequence);
    });
    const metrics = await (await mapper.get('/metrics')).text();
    const counted = [...metrics.matchAll(/^tributary_mapper_records_total\{.*\} (\d+)/gm)];
    assert.equal(
      counted.reduce((sum, [, n]) => sum + Number(n), 0),
      count,
    );
    assert.match(metrics, /tributary_mapper_log_lag\{cluster="main",partition="0"\} 0/);
  });
});
