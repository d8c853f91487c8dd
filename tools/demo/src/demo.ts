import { randomInt } from 'node:crypto';
import { join, relative } from 'node:path';
import { TestingError, withLock } from '@tributary/testing';
import { DemoError } from './errors.ts';
import type { DemoOptions, PlatformChoice } from './options.ts';
import { MappingTurn } from './platform/mapping-turn.ts';
import { OwnPlatform } from './platform/own-platform.ts';
import { findPlatform, runFiles, type RunningPlatform } from './platform/run-file.ts';
import { makeFleet, type Fleet } from './recording/fleet.ts';
import { readRecording } from './recording/recording.ts';
import { Round } from './round.ts';
import { Screen, type Output } from './screen/screen.ts';
import { verdictLines } from './screen/verdict-lines.ts';
import type { StopRequest } from './stop-request.ts';

/** Runs the demo. @returns whether every verdict was good */
export async function demo(options: DemoOptions, stop: StopRequest, output: Output): Promise<boolean> {
  const say = (line: string): void => void output.write(`${line}\n`);
  const fleet = makeFleet(readRecording(options.file), options);
  introduction(options, fleet).forEach(say);
  const running = findPlatform(runFiles(options.where));
  if (running) {
    say(`Platform: the one that runs, ${shown(running.file)}`);
    return await alone(running, () => replay(options, fleet, running, stop, output, () => undefined));
  }
  const own = await startOwn(options.where, stop.early, say);
  try {
    const platform = findPlatform(runFiles({ ...options.where }));
    if (!platform) throw new DemoError('platform', 'the platform that was started cannot be found');
    const heed = (heard: (line: string) => void): void => own.heed((line) => heard(`platform: ${line}`));
    return await alone(platform, () => replay(options, fleet, platform, stop, output, heed));
  } finally {
    own.heed(() => undefined);
    say('Stopping the platform that the demo started ...');
    await own.stop();
    say('stopped');
  }
}

/** One demo at a time on a platform: each has the mapping for itself. Errors: `busy`. */
async function alone(platform: RunningPlatform, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await withLock(join(platform.data, 'demo'), work, 0);
  } catch (error) {
    if (!(error instanceof TestingError && error.code === 'lock-timeout')) throw error;
    throw new DemoError('busy', `another demo runs on this platform: ${error.message}`, { cause: error });
  }
}

async function startOwn(
  where: PlatformChoice,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<OwnPlatform> {
  if (where.run !== undefined) {
    throw new DemoError(
      'no-platform',
      `${where.run} describes no platform that runs; start one with npm start, or leave --run out`,
    );
  }
  say('Platform: none runs, so the demo starts one, and stops it at the end');
  return await OwnPlatform.start(where, signal, (line) => say(line === '' ? '' : `  | ${line}`));
}

async function replay(
  options: DemoOptions,
  fleet: Fleet,
  platform: RunningPlatform,
  stop: StopRequest,
  output: Output,
  heed: (heard: (line: string) => void) => void,
): Promise<boolean> {
  const say = (line: string): void => void output.write(`${line}\n`);
  const mapping = await MappingTurn.begin(platform);
  try {
    say(`Mapping: tools/demo/mapping.yaml as version ${mapping.version}, until the demo ends`);
    await mapping.inEffect(stop.early);
    let good = true;
    for (let number = 1; ; number++) {
      const round = new Round({
        platform,
        fleet,
        qos: options.qos,
        kafkaTopics: mapping.topics,
        number,
        id: randomInt(36 ** 6)
          .toString(36)
          .padStart(6, '0'),
        stop: stop.early,
        now: stop.now,
      });
      say('');
      const verdict = await (async () => {
        using screen = new Screen(output, () => round.view());
        heed((line) => screen.say(line));
        const ending = (): void =>
          screen.say('Ending early: what was sent is judged; Ctrl-C again judges at once.');
        stop.early.addEventListener('abort', ending);
        return await round.run().finally(() => stop.early.removeEventListener('abort', ending));
      })();
      heed(say);
      ['', ...verdictLines(verdict), ''].forEach(say);
      good &&= verdict.good;
      if (!options.keepGoing || stop.early.aborted) return good;
    }
  } finally {
    say(`The demo is over: ${await mapping.end()}`);
  }
}

function introduction({ file, qos }: DemoOptions, fleet: Fleet): string[] {
  const { vehicles, copies, messages, devices } = fleet;
  const n = (value: number): string => value.toLocaleString('en-US');
  const renumbered = [
    `  by ${n(copies)} copies of the fleet at once, each renumbered: its vehicles have numbers of`,
    `  their own in topic and payload (${devices[0]?.name} is ${devices[vehicles]?.name} in the next copy)`,
  ];
  return [
    'Tributary demo: recorded traffic of buses in Helsinki, © HSL',
    '',
    `  ${shown(file)}`,
    `  ${n(messages / copies)} messages of ${n(vehicles)} vehicles, replayed with pauses cut to ten seconds`,
    ...(copies > 1 ? renumbered : []),
    `  ${n(devices.length)} connections, ${n(messages)} messages, QoS ${qos}`,
    '',
  ];
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
