import { SettingsError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { createLog } from './log.ts';
import { ServiceProcess } from './service-process.ts';
import type { ServiceDeclaration } from './service.ts';
import type { CommonSettings } from './settings/common.ts';

/**
 * Runs a service as this process, from settings to exit.
 *
 * SIGTERM or SIGINT stops it in order and exits 0 (75 if something took too long, 70 if something failed); a second
 * signal exits at once. Wrong settings exit 78, a failing start 70, and so does whatever nobody caught: after that the
 * state of the process is unknown, and what it had not acknowledged will come again.
 */
export async function runService<S extends CommonSettings>(
  declaration: ServiceDeclaration<S>,
): Promise<void> {
  // Times without an offset in mapping expressions must mean the same on every machine.
  process.env['TZ'] = 'UTC';
  const service = create(declaration);
  if (!service) process.exit(exitCodes.config);

  const fatal = (kind: string) => (error: unknown) => {
    service.log.fatal({ error, kind }, 'unexpected failure');
    process.exit(exitCodes.software);
  };
  process.on('uncaughtException', fatal('uncaughtException'));
  process.on('unhandledRejection', fatal('unhandledRejection'));

  let stopping = false;
  const onSignal = (signal: 'SIGTERM' | 'SIGINT') => {
    if (stopping) {
      service.log.warn({ signal }, 'second signal, exiting at once');
      process.exit(signal === 'SIGTERM' ? 143 : 130);
    }
    stopping = true;
    void stopAndExit(service, signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  try {
    await service.start();
  } catch (error) {
    service.log.fatal({ error }, 'start failed');
    process.exit(error instanceof SettingsError ? exitCodes.config : exitCodes.software);
  }
}

async function stopAndExit<S extends CommonSettings>(
  service: ServiceProcess<S>,
  reason: string,
): Promise<never> {
  const outcome = await service.stop(reason);
  switch (outcome) {
    case 'clean':
      return process.exit(exitCodes.ok);
    case 'failed':
      return process.exit(exitCodes.software);
    case 'timed out':
      return process.exit(exitCodes.stopTimeout);
  }
}

function create<S extends CommonSettings>(declaration: ServiceDeclaration<S>): ServiceProcess<S> | undefined {
  try {
    return new ServiceProcess(declaration);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const log = createLog({ service: declaration.name, instance: '' }, 'fatal');
    log.fatal({ problems: error.problems }, 'wrong settings');
    process.stderr.write(`${declaration.name}: ${error.message}\n`);
    return undefined;
  }
}
