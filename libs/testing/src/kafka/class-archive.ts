import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { provisionKafka } from '../provision/kafka-program.ts';
import { withLock } from '../provision/lock.ts';
import { progressOnStderr, type Progress } from '../provision/progress.ts';
import { startKafka } from './kafka-server.ts';

/**
 * Provisions Kafka and, once per Java and Kafka, writes an archive of its loaded classes by a short run of the broker:
 * every later start then takes half as long. Without the archive Kafka starts all the same.
 */
export async function prepareKafka(progress: Progress = progressOnStderr): Promise<void> {
  const program = await provisionKafka(progress);
  if (program.kind !== 'java' || existsSync(program.classArchive)) return;
  const { classArchive } = program;
  mkdirSync(dirname(classArchive), { recursive: true });
  await withLock(`${classArchive}.lock`, async () => {
    if (existsSync(classArchive)) return;
    const partial = `${classArchive}.partial`;
    await progress('preparing Kafka for quick starts', async () => {
      await using kafka = await startKafka({ javaFlags: [`-XX:ArchiveClassesAtExit=${partial}`] });
      await kafka.stop();
    });
    if (existsSync(partial)) renameSync(partial, classArchive);
  });
}
