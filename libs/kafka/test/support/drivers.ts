import type { ProducerDriverName } from '../../src/mod.ts';

export const DRIVERS: readonly ProducerDriverName[] = ['kafkajs', 'platformatic'];
