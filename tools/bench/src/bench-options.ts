import { CommandLine, optionLines } from './command-line.ts';
import {
  connectionsOptions,
  readConnectionsOptions,
  type ConnectionsOptions,
} from './connections-options.ts';
import { BenchError } from './errors.ts';
import { pipelineOptions, readPipelineOptions, type PipelineOptions } from './pipeline-options.ts';

/** What is to be measured, and how. */
export type BenchCommand =
  { name: 'pipeline'; options: PipelineOptions } | { name: 'connections'; options: ConnectionsOptions };

/** The list of options, for the screen. */
export function usage(): string {
  return [
    'npm run bench -- pipeline [options]',
    ...optionLines(pipelineOptions),
    '',
    'npm run bench -- connections [options]',
    ...optionLines(connectionsOptions),
  ].join('\n');
}

/** Reads the command line; undefined if only help is wanted. Errors: `usage`, which names every problem at once. */
export function parseBenchCommand(args: readonly string[]): BenchCommand | undefined {
  const [name, ...rest] = args;
  if (name === '--help') return undefined;
  if (name === 'pipeline') {
    const line = new CommandLine(rest, pipelineOptions);
    const options = readPipelineOptions(line);
    return settled(line, () => ({ name, options }));
  }
  if (name === 'connections') {
    const line = new CommandLine(rest, connectionsOptions);
    const options = readConnectionsOptions(line);
    return settled(line, () => ({ name, options }));
  }
  const given = name === undefined ? '' : `, not ${name}`;
  throw new BenchError('usage', `say what to measure: pipeline or connections${given}\n\n${usage()}`);
}

function settled(line: CommandLine<'help'>, command: () => BenchCommand): BenchCommand | undefined {
  if (line.problems.length > 0) throw new BenchError('usage', [...line.problems, '', usage()].join('\n'));
  return line.flag('help') ? undefined : command();
}
