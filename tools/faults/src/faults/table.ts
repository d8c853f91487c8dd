import type { Fault } from '../fault.ts';
import { brokenLinks } from './broken-link.ts';
import { clockJump } from './clock-jump.ts';
import { cutSteps } from './cut-step.ts';
import { freezes } from './freeze.ts';
import { fullStore } from './full-store.ts';
import { kafkaClusterFaults } from './kafka-cluster.ts';
import { killStorm } from './kill-storm.ts';
import { killings } from './kill.ts';
import { longOutage } from './long-outage.ts';
import { mappingChange } from './mapping-change.ts';
import { natsClusterFaults } from './nats-cluster.ts';
import { poisonRecord } from './poison-record.ts';
import { diskFaults } from './power-cut.ts';
import { removedCluster } from './removed-cluster.ts';
import { twoOwners } from './two-owners.ts';

/** Every fault, in the order of the table. */
export const FAULTS: readonly Fault[] = [
  ...killings,
  ...cutSteps,
  killStorm,
  ...freezes,
  ...twoOwners,
  ...brokenLinks,
  longOutage,
  clockJump,
  poisonRecord,
  mappingChange,
  removedCluster,
  fullStore,
  ...diskFaults,
  ...natsClusterFaults,
  ...kafkaClusterFaults,
];
