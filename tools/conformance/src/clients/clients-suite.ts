import { uniqueName } from '@tributary/testing';
import type { CaseResult, Suite } from '../suites/suite.ts';
import { CHECKS, type DeviceClient } from './device-client.ts';
import { pahoC, pahoPython, rumqttc } from './foreign-program.ts';
import { mosquittoClients } from './mosquitto-clients.ts';
import { mqttJs } from './mqtt-js.ts';

const clients: readonly DeviceClient[] = [mqttJs, mosquittoClients, pahoPython, pahoC, rumqttc];

/** Clients that devices use do what devices do. A client that is not on this machine is not run, and says so. */
export function clientsSuite(): Suite {
  return {
    name: 'clients',
    title: 'Clients of others',
    command: 'npm run conformance -- --suite clients',
    source: () => Promise.resolve(clients.map(({ name }) => name).join(', ')),
    run: async (target) => {
      const results: CaseResult[] = [];
      for (const client of clients) {
        const missing = await client.prepare();
        for (const version of [4, 5] as const) {
          const name = (check: string): string =>
            `${client.name}, MQTT ${version === 4 ? '3.1.1' : '5'}: ${check}`;
          if (missing !== null) {
            for (const check of CHECKS)
              results.push({ name: name(check), outcome: 'skipped', detail: `not here: ${missing}` });
            continue;
          }
          for (const [check, problem] of await client.run(target, version, uniqueName('c'))) {
            results.push({
              name: name(check),
              outcome: problem === null ? 'passed' : 'failed',
              detail: problem ?? '',
            });
          }
        }
      }
      return results;
    },
  };
}
