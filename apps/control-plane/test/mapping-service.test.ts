import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { status } from '@grpc/grpc-js';
import { deadLetterStream, streamNames, subjects } from '@tributary/contracts';
import { Severity } from '@tributary/contracts/control';
import { mappingText, shape, startControl } from './control-fixture.ts';

const wrong = mappingText('main').replace('kafka: devices', 'kafak: devices').replace('routes:', 'rotues:');

describe('MappingService', () => {
  it('says that there is no mapping before the first, and is ready all the same', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane();
    assert.equal((await control.proc.get('/readyz')).status, 200);
    await assert.rejects(control.active(), { code: status.NOT_FOUND });
    await assert.rejects(control.version(1), { code: status.NOT_FOUND });
    assert.deepEqual((await control.history()).versions, []);
  });

  it('prepares everything a new cluster needs before its mapping is active', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane();
    await fixture.js.publish(subjects.log(1, 1), 'one that was there before');
    const applied = await control.apply(mappingText('main', 'other'));
    assert.deepEqual([applied.applied, applied.version, applied.unchanged], [true, 1, false]);
    for (const cluster of ['main', 'other']) {
      for (let partition = 0; partition < shape.partitions; partition++) {
        const { config } = await fixture.manager.streams.info(streamNames.out(cluster, 1, partition));
        assert.deepEqual(config.subjects, [subjects.out(cluster, 1, partition)]);
      }
      const dead = deadLetterStream(cluster, { maxBytes: 1, replicas: 1 });
      assert.deepEqual((await fixture.manager.streams.info(dead.name)).config.subjects, [dead.subject]);
      const cursors = await Promise.all([0, 1].map((p) => fixture.cursors.read(`cluster_${cluster}`, 1, p)));
      assert.deepEqual(
        cursors.map((cursor) => [cursor?.sequence, cursor?.since]),
        [
          [0, 0],
          [1, 1],
        ],
        'it begins at the present end of the log',
      );
    }
    assert.equal((await fixture.versions.active()).version, 1);
  });

  it('refuses a text with all its findings, and changes nothing', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane();
    await control.apply(mappingText('main'));
    const before = await fixture.snapshot();
    const validated = await control.validate(wrong);
    const applied = await control.apply(wrong.replace('main:', 'another:'));
    assert.deepEqual([validated.valid, applied.applied, applied.version], [false, false, 1]);
    for (const { findings } of [validated, applied]) {
      assert.ok(findings.some(({ severity }) => severity === Severity.ERROR));
      for (const finding of findings) {
        assert.ok(
          finding.line > 0 && finding.column > 0 && finding.code && finding.message && finding.suggestion,
        );
      }
    }
    console.log(validated.findings.map(({ line, column, code }) => `${line}:${column} ${code}`).join(', '));
    assert.deepEqual(await fixture.snapshot(), before);
    assert.equal(await fixture.versions.read(2), null);
    assert.equal((await control.active()).text, mappingText('main'));
  });

  it('takes the same text again for no change, and says so', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane();
    await control.apply(mappingText('main'));
    const before = await fixture.snapshot();
    const again = await control.apply(mappingText('main'));
    assert.deepEqual([again.applied, again.unchanged, again.version], [true, true, 1]);
    assert.deepEqual(await fixture.snapshot(), before);
    assert.equal(await fixture.versions.read(2), null);
  });

  it('keeps every version with who applied it and why', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane();
    for (const names of [['a'], ['a', 'b'], ['c']]) await control.apply(mappingText(...names));
    const { versions } = await control.history();
    assert.deepEqual(
      versions.map(({ version, author, comment, source }) => [version, author, comment, source]),
      [3, 2, 1].map((version) => [version, 'ada', 'because', 'mapping.yaml']),
    );
    assert.deepEqual(
      (await control.history(1, 3)).versions.map(({ version }) => version),
      [2],
    );
    assert.equal((await control.version(2)).text, mappingText('a', 'b'));
    assert.match(versions[0]?.digest ?? '', /^[0-9a-f]{64}$/);
  });

  it('of two who change the same version one wins, and the other is told so', async () => {
    await using fixture = await startControl();
    const [first, second] = [await fixture.controlPlane(), await fixture.controlPlane()];
    await first.apply(mappingText('base'));
    let conflicts = 0;
    let applied = 0;
    for (let round = 0; round < 8; round++) {
      const results = await Promise.allSettled([
        first.apply(mappingText(`a${round}`)),
        second.apply(mappingText(`b${round}`)),
      ]);
      for (const result of results) {
        if (result.status === 'fulfilled') applied++;
        else {
          const reason: unknown = result.reason;
          assert.ok(reason instanceof Error && 'code' in reason);
          assert.equal(reason.code, status.FAILED_PRECONDITION);
          assert.match(reason.message, /activated since/);
          conflicts++;
        }
      }
      const [won] = results.filter((result) => result.status === 'fulfilled');
      assert.ok(won, 'at least one is applied');
    }
    console.log(`8 races: ${applied} applied, ${conflicts} told that they lost`);
    assert.equal(applied + conflicts, 16);
    const { version } = await fixture.versions.active();
    assert.equal((await first.active()).text, (await fixture.versions.read(version))?.text);
  });

  it('refuses a change of a version that is no longer the active one', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane();
    await control.apply(mappingText('a'));
    await control.apply(mappingText('b'), { expectedVersion: 1 });
    const before = await fixture.snapshot();
    await assert.rejects(control.apply(mappingText('c'), { expectedVersion: 1 }), {
      code: status.FAILED_PRECONDITION,
      details: 'version 2 is active, not 1',
    });
    assert.deepEqual(await fixture.snapshot(), before);
  });

  it('names the stream that is not what the settings say, and activates nothing', async () => {
    await using fixture = await startControl();
    const control = await fixture.controlPlane();
    await fixture.manager.streams.add({
      name: streamNames.out('main', 1, 1),
      subjects: [subjects.out('main', 1, 1)],
    });
    await assert.rejects(control.apply(mappingText('main')), (error: { code: number; details: string }) => {
      assert.equal(error.code, status.FAILED_PRECONDITION);
      assert.match(error.details, /TRIB_OUT_main_1_1/);
      return true;
    });
    assert.equal((await fixture.versions.active()).version, 0);
  });
});
