import {
  prepareKafka,
  progressTo,
  provisionNats,
  SHARED_KAFKA_VARIABLE,
  startKafka,
  WORKSPACE,
} from '@tributary/testing';
import { runChecks } from './checks.ts';
import { exitWith, say } from './screen/report.ts';
import { testFiles } from './test-files.ts';
import { runNode } from './workspace-program.ts';

// Two cores: two files at once keep both busy, a third would only make the timing of all worse.
const CONCURRENCY = 2;
const TEST_TIMEOUT_MS = 5 * 60_000;

await exitWith(async () => {
  const filters = process.argv.slice(2);
  const files = testFiles(filters);
  const progress = progressTo(say);
  await provisionNats(progress);
  await prepareKafka(progress);
  // Who asks for a few files is working on them, and runs the checks when they pass.
  if (filters.length === 0) await runChecks();
  await using kafka = await progress('starting the Kafka that the tests share', () => startKafka());
  process.chdir(WORKSPACE);
  // The time limit is that of one test: without --test-force-exit a file whose tests have left something running
  // would never end.
  const options = [
    '--test',
    '--test-force-exit',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
  ];
  return await runNode([...options, '--test-reporter=spec', ...files], {
    ...process.env,
    [SHARED_KAFKA_VARIABLE]: kafka.brokers.join(','),
  });
});
