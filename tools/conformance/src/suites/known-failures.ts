import type { SuiteName } from '../conformance-options.ts';
import type { Engine } from '../target/target.ts';

/** What a case is called, and why it fails; docs/conformance.md explains them. */
type Failures = Readonly<Record<string, string>>;

const COPIES = 'it wants a copy for each subscription that matches; we send one, as MQTT 5 allows (3.3.4)';

const oneCopy: Failures = {
  'overlapping_subs_max_qos_delivered [MQTT-3.3.4-2]': COPIES,
  'overlapping_subs_subscription_ids_per_copy [MQTT-3.3.4-3]': COPIES,
};

/** Cases of others' suites that fail, by suite and engine. One that passes after all is to be taken out here. */
const known: Partial<Record<SuiteName, Partial<Record<Engine, Failures>>>> = {
  paho: {
    aedes: {
      'client_test5.py test_server_keep_alive': 'aedes has no word for Server Keep Alive',
      'client_test5.py test_server_topic_alias': 'aedes gives no topic aliases',
      'client_test5.py test_shared_subscriptions': 'aedes offers no shared subscriptions',
    },
  },
  'mqtt5-conformance': { native: oneCopy, aedes: oneCopy },
};

/** Names of the cases that are known to fail. */
export function knownFailures(suite: SuiteName, engine: Engine): string[] {
  return Object.keys(known[suite]?.[engine] ?? {});
}
