import { runChecks } from './checks.ts';
import { exitWith } from './screen/report.ts';

await exitWith(async () => {
  await runChecks();
  return 0;
});
