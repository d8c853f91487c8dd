import { join } from 'node:path';
import { dockerRun } from '../provision/docker.ts';
import type { KafkaProgram } from '../provision/kafka-program.ts';

/** Java heap of the broker, in MiB. */
export interface Heap {
  startMb: number;
  maxMb: number;
}

const LOGGING = [
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

/** How a main class of Kafka is run: on this machine's Java or on that of the image. */
export function javaCommand(
  program: KafkaProgram,
  heap: Heap,
  main: readonly string[],
  container: string,
  folder: string,
): { file: string; args: string[]; container?: string } {
  const flags = [
    `-Xms${heap.startMb}m`,
    `-Xmx${heap.maxMb}m`,
    '-XX:+UseG1GC',
    '-Djava.awt.headless=true',
    ...LOGGING,
  ];
  const args = [...flags, '-cp', join(program.libs, '*'), ...main];
  if (program.kind === 'java') return { file: program.java, args };
  return {
    file: 'docker',
    args: dockerRun(program.image, container, [folder], ['java', ...args]),
    container,
  };
}
