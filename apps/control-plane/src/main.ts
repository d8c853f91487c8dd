import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { buckets } from '@tributary/contracts';
import { MappingServiceService } from '@tributary/contracts/control';
import { DeadLetterServiceService } from '@tributary/contracts/control/dead-letters';
import { CursorRegistry, ensureLog, MappingVersions, openBucket, Publisher } from '@tributary/log';
import { checkDeployment, logLimits, openNats, runService, whenAvailable } from '@tributary/service';
import { settings } from './config.ts';
import { deadLetterService } from './dead-letters/dead-letter-service.ts';
import { LetterDesk } from './dead-letters/letter-desk.ts';
import { LetterGauges } from './dead-letters/letter-gauges.ts';
import { IngressConsent } from './ingress-consent.ts';
import { mappingService } from './mapping-service.ts';
import { MappingStore } from './mapping-store.ts';
import { ReaderJanitor } from './reader-janitor.ts';

await runService({
  name: 'control-plane',
  settings,
  grpc: ['tributary.control.v1.MappingService', 'tributary.control.v1.DeadLetterService'],
  async start(service) {
    const { config, log, metrics } = service;
    const nats = await openNats(service);
    const js = jetstream(nats);
    await whenAvailable(service, () => checkDeployment(service, nats));
    const manager = await whenAvailable(service, () => jetstreamManager(nats));
    const replicas = config['log.replicas'];
    const shape = { generation: config['log.generation'], partitions: config['log.partitions'] };
    const topology = () => ensureLog(manager, shape, logLimits(config));
    await whenAvailable(service, topology);
    const open = (name: string) => whenAvailable(service, () => openBucket(js, name, { replicas }));
    const leases = await open(buckets.leases);
    const versions = new MappingVersions(await open(buckets.config));
    const cursors = new CursorRegistry(await open(buckets.cursors));
    const graceMs = config['readers.graceMs'];
    const store = new MappingStore({
      manager,
      versions,
      cursors,
      ingress: new IngressConsent({ nats, leases, ttlMs: config['lease.ttlMs'] }),
      log: topology,
      out: { maxBytes: config['out.maxBytes'], replicas },
      deadLetters: { maxBytes: config['deadLetters.maxBytes'], replicas },
      prepareMs: graceMs / 2,
    });
    const janitor = new ReaderJanitor({ manager, versions, cursors, topology, graceMs, log });
    service.addGrpcService(MappingServiceService, mappingService(store, log, metrics));
    const desk = new LetterDesk({ js, manager, publisher: new Publisher(nats), replicas });
    const { partitions } = shape;
    service.addGrpcService(DeadLetterServiceService, deadLetterService({ desk, partitions, log, metrics }));
    const gauges = new LetterGauges({ manager, metrics, log, clusters: () => store.clusters() });
    let active = 0;
    const ending = new AbortController();
    const following = versions.follow(ending.signal, (version) => {
      active = version;
      janitor.wake();
    });
    const tidying = janitor.run(ending.signal);
    const counting = gauges.run(ending.signal);
    service.onStop('mapping', async () => {
      ending.abort();
      await Promise.all([following, tidying, counting]);
    });
    metrics.gauge('tributary_control_mapping_version', {}, () => active);
    service.admin.status('mapping', () => ({ version: active }));
  },
});
