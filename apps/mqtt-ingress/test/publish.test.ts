import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectAsync } from 'mqtt';
import { RowKind } from '@tributary/contracts';
import { Platform } from './platform.ts';

describe('publishing', () => {
  it('acknowledges QoS 1 only what is in the log', async () => {
    await using platform = await Platform.start();
    const node = await platform.node();
    const client = await connectAsync(node.endpoint('mqtt'), { clientId: 'meter-1', protocolVersion: 4 });
    for (let n = 0; n < 50; n++) await client.publishAsync(`meters/1/${n}`, `value ${n}`, { qos: 1 });
    const rows = await platform.rows();
    assert.equal(rows.length, 50);
    assert.ok(rows.every(({ row }) => row.kind === RowKind.publish && row.clientId === 'meter-1'));
    await client.endAsync();
  });
});
