import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type Log = Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevelName = (typeof logLevels)[number];

/** One JSON line per event on standard output; synchronous, so that a fatal line is never lost. */
export function createLog(
  identity: { readonly service: string; readonly instance: string },
  level: LogLevelName,
  destination: DestinationStream = pino.destination({ fd: 1, sync: true }),
): Log {
  return pino(
    {
      level,
      base: { service: identity.service, instance: identity.instance },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      errorKey: 'error',
    },
    destination,
  );
}
