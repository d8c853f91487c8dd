import { TestingError } from '@tributary/testing';
import { demo } from './demo.ts';
import { DemoError } from './errors.ts';
import { parseDemoOptions, usage } from './options.ts';
import { StopRequest } from './stop-request.ts';

const INTERRUPTED = 130;

async function main(): Promise<number> {
  const stop = new StopRequest();
  try {
    const options = parseDemoOptions(process.argv.slice(2), process.env['INIT_CWD'] ?? process.cwd());
    if (!options) {
      console.log(usage());
      return 0;
    }
    return (await demo(options, stop, process.stdout)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof DemoError || error instanceof TestingError)) {
      // Ended before there was anything to judge.
      if (stop.early.aborted) return INTERRUPTED;
      throw error;
    }
    console.error(error.message);
    return 1;
  }
}

// kafkajs asks for timers in the past, which Node 24 complains about on every user's screen.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'TimeoutNegativeWarning') console.error(`${warning.name}: ${warning.message}`);
});

process.exit(await main());
