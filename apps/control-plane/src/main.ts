import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { buckets } from '@tributary/contracts';
import { MappingServiceService } from '@tributary/contracts/control';
import { CursorRegistry, ensureLog, MappingVersions, openBucket } from '@tributary/log';
import { checkDeployment, openNats, runService, whenAvailable } from '@tributary/service';
import { settings } from './config.ts';
import { mappingService } from './mapping-service.ts';
import { MappingStore } from './mapping-store.ts';
import { ReaderJanitor } from './reader-janitor.ts';

await runService({
  name: 'control-plane',
  settings,
  grpc: ['tributary.control.v1.MappingService'],
  async start(service) {
    const { config, log, metrics } = service;
    const nats = await openNats(service);
    const js = jetstream(nats);
    await whenAvailable(service, () => checkDeployment(service, nats));
    const manager = await whenAvailable(service, () => jetstreamManager(nats));
    const replicas = config['log.replicas'];
    const shape = { generation: config['log.generation'], partitions: config['log.partitions'] };
    const topology = () => ensureLog(manager, shape, { maxBytes: config['log.maxBytes'], replicas });
    await whenAvailable(service, topology);
    const open = (name: string) => whenAvailable(service, () => openBucket(js, name, { replicas }));
    const versions = new MappingVersions(await open(buckets.config));
    const cursors = new CursorRegistry(await open(buckets.cursors));
    const graceMs = config['readers.graceMs'];
    const store = new MappingStore({
      manager,
      versions,
      cursors,
      log: topology,
      out: { maxBytes: config['out.maxBytes'], replicas },
      deadLetters: { maxBytes: config['deadLetters.maxBytes'], replicas },
      prepareMs: graceMs / 2,
    });
    const janitor = new ReaderJanitor({ manager, versions, cursors, topology, graceMs, log });
    service.addGrpcService(MappingServiceService, mappingService(store, log, metrics));
    let active = 0;
    const ending = new AbortController();
    const following = versions.follow(ending.signal, (version) => (active = version));
    const tidying = janitor.run(ending.signal);
    service.onStop('mapping', async () => {
      ending.abort();
      await Promise.all([following, tidying]);
    });
    metrics.gauge('tributary_control_mapping_version', {}, () => active);
    service.admin.status('mapping', () => ({ version: active }));
  },
});
