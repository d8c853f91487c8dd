import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { buckets } from '@tributary/contracts';
import { ensureLog, MappingVersions, openBucket, Publisher } from '@tributary/log';
import { checkDeployment, logLimits, openNats, runService, whenAvailable } from '@tributary/service';
import { ClusterSet } from './cluster/cluster-set.ts';
import { MappingFollower } from './cluster/mapping-follower.ts';
import { checkTogether, settings } from './config.ts';

await runService({
  name: 'kafka-egress',
  settings,
  async start(service) {
    const { config, log, health, metrics, instance, signal } = service;
    checkTogether(config);
    const nats = await openNats(service);
    const js = jetstream(nats);
    await whenAvailable(service, () => checkDeployment(service, nats));
    const manager = await whenAvailable(service, () => jetstreamManager(nats));
    const replicas = config['log.replicas'];
    const shape = { generation: config['log.generation'], partitions: config['log.partitions'] };
    const topology = await whenAvailable(service, () => ensureLog(manager, shape, logLimits(config)));
    const open = (from: typeof js, name: string) =>
      whenAvailable(service, () => openBucket(from, name, { replicas }));
    const leases = await open(jetstream(await openNats(service, 'leases')), buckets.leases);
    const watermarks = await open(js, buckets.watermarks);
    const clusters = new ClusterSet({
      config,
      instance,
      nats,
      publisher: new Publisher(nats),
      manager,
      topology,
      leases,
      watermarks,
      health,
      metrics,
      log,
    });
    service.onStop('clusters', () => clusters[Symbol.asyncDispose]());
    const follower = new MappingFollower({
      versions: new MappingVersions(await open(js, buckets.config)),
      variables: process.env,
      only: config['egress.clusters'],
      health,
      log,
      signal,
      apply: (wanted) => clusters.apply(wanted),
    });
    const following = follower.run();
    service.onStop('mapping', () => following);
    service.admin.status('mapping', () => ({ version: follower.version }));
    service.admin.status('clusters', () => clusters.status());
    service.admin.onDrain(() => clusters[Symbol.asyncDispose]());
  },
});
