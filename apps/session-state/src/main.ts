import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { buckets } from '@tributary/contracts';
import { ensureLog, openBucket } from '@tributary/log';
import { checkDeployment, logLimits, openNats, runService, whenAvailable } from '@tributary/service';
import { runBrain } from './brain.ts';
import { settings } from './config.ts';
import { Seat } from './seat.ts';

await runService({
  name: 'session-state',
  settings,
  async start(service) {
    const { config } = service;
    const nats = await openNats(service);
    const js = jetstream(nats);
    await whenAvailable(service, () => checkDeployment(service, nats));
    const manager = await whenAvailable(service, () => jetstreamManager(nats));
    const replicas = config['log.replicas'];
    const shape = { generation: config['log.generation'], partitions: config['log.partitions'] };
    const log = await whenAvailable(service, () => ensureLog(manager, shape, logLimits(config)));
    const leaseJs = jetstream(await openNats(service, 'leases'));
    const leases = await whenAvailable(service, () => openBucket(leaseJs, buckets.leases, { replicas }));
    const seat = new Seat(service, leases, (lease) =>
      runBrain({ service, nats, js, manager, leases, log }, lease),
    );
    service.onStop('role', () => seat.left());
    service.admin.status('role', () => ({ routing: seat.routing }));
  },
});
