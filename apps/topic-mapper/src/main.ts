import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { buckets, OUT_HEADROOM_BYTES, OUT_PART_BYTES } from '@tributary/contracts';
import { CursorRegistry, ensureLog, MappingVersions, openBucket, Publisher, SendClock } from '@tributary/log';
import { checkDeployment, logLimits, openNats, runService, whenAvailable } from '@tributary/service';
import { reportCaches } from './cache-metrics.ts';
import { settings } from './config.ts';
import { Mapper } from './mapper.ts';
import { ActiveMapping } from './mapping/active-mapping.ts';
import { MappingLibrary } from './mapping/mapping-library.ts';

await runService({
  name: 'topic-mapper',
  settings,
  async start(service) {
    const { config, log, health, metrics, instance } = service;
    const nats = await openNats(service);
    const maxPayload = nats.info?.max_payload ?? 0;
    if (maxPayload < OUT_PART_BYTES + OUT_HEADROOM_BYTES) {
      throw new Error(`max_payload of the NATS server is ${maxPayload}; at least 1 MiB is needed`);
    }
    const js = jetstream(nats);
    await whenAvailable(service, () => checkDeployment(service, nats));
    const manager = await whenAvailable(service, () => jetstreamManager(nats));
    const replicas = config['log.replicas'];
    const shape = { generation: config['log.generation'], partitions: config['log.partitions'] };
    const topology = await whenAvailable(service, () => ensureLog(manager, shape, logLimits(config)));
    const open = (from: typeof js, name: string) =>
      whenAvailable(service, () => openBucket(from, name, { replicas }));
    const versions = new MappingVersions(await open(js, buckets.config));
    const cursors = new CursorRegistry(await open(js, buckets.cursors));
    const leases = await open(jetstream(await openNats(service, 'leases')), buckets.leases);
    const library = new MappingLibrary(versions, config['mapper.cacheBytes']);
    const onChange = (): void => mapper.remap();
    const active = new ActiveMapping({ versions, library, health, log, onChange });
    const context = {
      config,
      nats,
      publisher: new Publisher(nats),
      clock: new SendClock(config['mapper.lingerMs']),
      manager,
      topology,
      cursors,
      active,
      library,
      maxPayload,
      health,
      metrics,
      log,
    };
    const mapper = new Mapper({ context, leases, instance });
    service.admin.status('mapping', () => active.status());
    service.admin.status('partitions', () => mapper.status());

    const ending = new AbortController();
    const following = active.follow(ending.signal);
    const mapping = mapper.run(ending.signal);
    const reporting = reportCaches(metrics, active, ending.signal);
    const end = async (): Promise<void> => {
      ending.abort();
      await Promise.all([following, mapping, reporting]);
    };
    service.onStop('mapper', end);
    service.admin.onDrain(end);
  },
});
