import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectNats } from '@tributary/log';
import { startNats, startNatsCluster, type NatsCluster } from '@tributary/testing';
import { checkDeployment, commonSettings, createLog, loadSettings, logSettings } from '../src/mod.ts';

const log = createLog({ service: 'test', instance: '' }, 'fatal');
const settings = { ...commonSettings, ...logSettings };

const PRODUCTION = {
  TRIBUTARY_DEPLOYMENT_PROFILE: 'production',
  TRIBUTARY_LOG_REPLICAS: '3',
  TRIBUTARY_LEASE_TTL_MS: '20000',
};

const monitorsOf = ({ servers }: NatsCluster): string[] => servers.map(({ monitor = '' }) => monitor);

async function check(servers: string[], environment: Record<string, string>): Promise<void> {
  const nats = await connectNats({ servers, name: 'test' });
  try {
    await checkDeployment({ config: loadSettings(settings, environment), log }, nats);
  } finally {
    await nats.close();
  }
}

describe('in production', () => {
  let cluster: NatsCluster;
  before(async () => {
    cluster = await startNatsCluster({ syncInterval: 'always' });
  });
  after(() => cluster[Symbol.asyncDispose]());

  it('three servers that write before they answer are what is wanted', async () => {
    await check(cluster.urls, { ...PRODUCTION, TRIBUTARY_NATS_MONITOR: monitorsOf(cluster).join(',') });
  });

  it('one of them may be away', async () => {
    const [first] = cluster.servers;
    await first?.kill();
    await check(cluster.urls, { ...PRODUCTION, TRIBUTARY_NATS_MONITOR: monitorsOf(cluster).join(',') });
    await first?.start();
  });

  it('most of them must be listed and answer', async () => {
    const [one = ''] = monitorsOf(cluster);
    await assert.rejects(
      check(cluster.urls, { ...PRODUCTION, TRIBUTARY_NATS_MONITOR: [one, one, one].join(',') }),
      { code: 'DEPLOYMENT', retryable: true, message: /only 1 of 3 monitoring URLs in nats\.monitor answer/ },
    );
  });

  for (const [setting, environment] of [
    ['log.replicas', { TRIBUTARY_LOG_REPLICAS: '1' }],
    ['lease.ttlMs', { TRIBUTARY_LEASE_TTL_MS: '6000' }],
    ['nats.monitor', {}],
  ] as const) {
    it(`${setting} has to fit`, async () => {
      const monitors = setting === 'nats.monitor' ? '' : monitorsOf(cluster).join(',');
      await assert.rejects(
        check(cluster.urls, { ...PRODUCTION, TRIBUTARY_NATS_MONITOR: monitors, ...environment }),
        (error: { code?: unknown; problems?: { setting: string }[] }) => {
          assert.equal(error.code, 'SETTINGS');
          assert.deepEqual(
            error.problems?.map((problem) => problem.setting),
            [setting],
          );
          return true;
        },
      );
    });
  }
});

it('a server that answers before it has written is named, and what to change there', async () => {
  await using cluster = await startNatsCluster();
  await assert.rejects(
    check(cluster.urls, { ...PRODUCTION, TRIBUTARY_NATS_MONITOR: monitorsOf(cluster).join(',') }),
    {
      code: 'DEPLOYMENT',
      retryable: false,
      message: /^the NATS server tributary-\d+ .*set "sync_interval: always"/,
    },
  );
});

it('a server that is alone is not enough', async () => {
  await using server = await startNats({ syncInterval: 'always' });
  const monitors = 'http://127.0.0.1:1,http://127.0.0.1:2,http://127.0.0.1:3';
  await assert.rejects(check([server.url], { ...PRODUCTION, TRIBUTARY_NATS_MONITOR: monitors }), {
    code: 'DEPLOYMENT',
    message: /alone/,
  });
  await check([server.url], {});
});
