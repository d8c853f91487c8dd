import type { Fault } from '../fault.ts';
import { brokenLinks } from './broken-link.ts';
import { cutSteps } from './cut-step.ts';
import { freezes } from './freeze.ts';
import { killStorm } from './kill-storm.ts';
import { killings } from './kill.ts';
import { twoOwners } from './two-owners.ts';

/** Every fault, in the order of the table. */
export const FAULTS: readonly Fault[] = [
  ...killings,
  ...cutSteps,
  killStorm,
  ...freezes,
  ...twoOwners,
  ...brokenLinks,
];
