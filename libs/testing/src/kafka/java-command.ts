import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dockerRun } from '../provision/docker.ts';
import type { KafkaProgram } from '../provision/kafka-program.ts';

/** Java heap of the broker, in MiB. */
export interface Heap {
  startMb: number;
  maxMb: number;
}

export interface JavaRun {
  heap: Heap;
  /** The main class and its arguments. */
  main: readonly string[];
  /** Further options of the virtual machine. */
  flags?: readonly string[];
  /** What the container is called where Docker is used. */
  container: string;
  /** The folder that the program reads and writes. */
  folder: string;
}

// For a machine of few cores that restarts Kafka often. Measured with 2 cores and an idempotent producer of 256 B
// records, CPU of the broker per record in the first 5, the next 10 and the next 15 seconds: default 24, 12 and 9 us, C1
// alone 15, 6.5 and 5.6 us, serial collector alone 18, 9.7 and 5.5 us. The second compiler pays only much later.
const SMALL_MACHINE = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Djava.awt.headless=true'];

const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

/** How a main class of Kafka is run: on this machine's Java or on that of the image. */
export function javaCommand(
  program: KafkaProgram,
  run: JavaRun,
): { file: string; args: string[]; container?: string } {
  const { heap, main, flags = [], container, folder } = run;
  const archive =
    program.kind === 'java' && existsSync(program.classArchive)
      ? [`-XX:SharedArchiveFile=${program.classArchive}`]
      : [];
  const options = [
    `-Xms${heap.startMb}m`,
    `-Xmx${heap.maxMb}m`,
    ...SMALL_MACHINE,
    ...LOGGING,
    ...archive,
    ...flags,
  ];
  const args = [...options, '-cp', join(program.libs, '*'), ...main];
  if (program.kind === 'java') return { file: program.java, args };
  return {
    file: 'docker',
    args: dockerRun(program.image, container, [folder], ['java', ...args]),
    container,
  };
}
