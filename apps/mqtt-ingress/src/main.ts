import { runService } from '@tributary/service';
import { checkTogether, settings } from './config.ts';
import { IngressNode } from './ingress-node.ts';

await runService({
  name: 'mqtt-ingress',
  settings,
  async start(service) {
    checkTogether(service.config);
    const node = await IngressNode.start(service);
    service.admin.status('node', () => node.status());
    service.admin.onDrain(() => node.drain());
  },
});
