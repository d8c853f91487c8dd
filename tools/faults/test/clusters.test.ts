import { subsetTest } from './subset.ts';

subsetTest('the same where one of three NATS servers or Kafka brokers goes away', 'cluster');
