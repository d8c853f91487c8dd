import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { because, firstOf, type Choice } from './choices.ts';
import { dockerAnswers } from './docker.ts';
import { withLock } from './lock.ts';
import { findProgram, run } from './program.ts';
import { progressOnStderr, type Progress } from './progress.ts';
import { atLeast, parseVersion } from './version.ts';
import { toolchainFolder, WORKSPACE } from './workspace.ts';

/** The version that the pom pins. A test keeps the two equal. */
export const KAFKA_VERSION = '4.4.0';
export const KAFKA_IMAGE = `apache/kafka:${KAFKA_VERSION}`;
export const KAFKA_POM = join(WORKSPACE, 'libs', 'testing', 'kafka', 'pom.xml');
const KAFKA_FLOOR = [4, 0];
const JAVA_FLOOR = [17];
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** `libs` holds the jars: a folder of this machine, or of the image. `classArchive` may or may not exist. */
export type KafkaProgram =
  | { kind: 'java'; java: string; libs: string; classArchive: string }
  | { kind: 'docker'; image: string; libs: string };

type Found = KafkaProgram | { unavailable: string };

let known: Promise<KafkaProgram> | undefined;

/**
 * Apache Kafka 4: the distribution that KAFKA_HOME names, the one on the PATH, in the toolchain folder, assembled with
 * Maven, as a Docker image; in this order. Looked for once per process.
 */
export function provisionKafka(progress: Progress = progressOnStderr): Promise<KafkaProgram> {
  known ??= find(progress);
  return known;
}

function find(progress: Progress): Promise<KafkaProgram> {
  const named = process.env['KAFKA_HOME'];
  const inToolchain = join(toolchainFolder(), `kafka-${KAFKA_VERSION}`, 'libs');
  const choices: Choice<KafkaProgram>[] = [
    {
      advice: 'set KAFKA_HOME to the folder of an Apache Kafka 4 distribution',
      find: async () => (named ? check(join(named, 'libs')) : { unavailable: 'not set' }),
    },
    {
      advice: 'put kafka-server-start.sh of an Apache Kafka 4 distribution on the PATH',
      find: async () => {
        const script = findProgram('kafka-server-start.sh');
        return script === undefined
          ? { unavailable: 'there is none' }
          : check(join(dirname(realpathSync(script)), '..', 'libs'));
      },
    },
    {
      advice: 'install Java >= 17 and Maven, and it will be assembled from its published jars',
      find: async () => (existsSync(inToolchain) ? check(inToolchain) : assemble(progress, inToolchain)),
    },
    {
      advice: 'start a Docker engine',
      find: async () =>
        (await dockerAnswers())
          ? { kind: 'docker', image: KAFKA_IMAGE, libs: '/opt/kafka/libs' }
          : { unavailable: 'none answers' },
    },
  ];
  // What the user names is used or refused: another Kafka in its place would be a surprise.
  return firstOf('Apache Kafka >= 4.0', named ? choices.slice(0, 1) : choices);
}

async function check(libs: string): Promise<Found> {
  if (!existsSync(libs)) return { unavailable: `${libs} does not exist` };
  const jar = readdirSync(libs).find((name) => /^kafka_2\.1\d-\d.*\d\.jar$/.test(name));
  const version = parseVersion(jar?.replace(/^kafka_2\.1\d-/, '') ?? '');
  if (!version) return { unavailable: `${libs} holds no Kafka` };
  if (!atLeast(version, KAFKA_FLOOR)) return { unavailable: `${libs} holds Kafka ${version.join('.')}` };
  const java = await findJava();
  if ('unavailable' in java) return java;
  // The Java virtual machine uses an archive only with the very Java and jars that it was made with.
  const made = createHash('sha256').update(`${java.description}\n${libs}`).digest('hex').slice(0, 12);
  const classArchive = join(toolchainFolder(), 'class-archives', `kafka-${version.join('.')}-${made}.jsa`);
  return { kind: 'java', java: java.file, libs, classArchive };
}

async function findJava(): Promise<{ file: string; description: string } | { unavailable: string }> {
  const home = process.env['JAVA_HOME'];
  const java = home ? join(home, 'bin', 'java') : findProgram('java');
  if (java === undefined) return { unavailable: 'there is no java on the PATH' };
  try {
    const { stderr } = await run(java, ['-version']);
    const major = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
    if (!atLeast([major], JAVA_FLOOR)) return { unavailable: `${java} is Java ${major || '?'}` };
    return { file: java, description: stderr };
  } catch (error) {
    return because(error);
  }
}

async function assemble(progress: Progress, target: string): Promise<Found> {
  const java = await findJava();
  if ('unavailable' in java) return java;
  const maven = findProgram('mvn');
  if (maven === undefined) return { unavailable: 'there is no mvn on the PATH' };
  const folder = dirname(target);
  try {
    await withLock(`${folder}.lock`, async () => {
      if (existsSync(target)) return;
      const partial = `${folder}.partial`;
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      const goal = [COPY_DEPENDENCIES, `-DoutputDirectory=${join(partial, 'libs')}`];
      await progress(`assembling Apache Kafka ${KAFKA_VERSION} with Maven (43 MB)`, () =>
        run(maven, ['--batch-mode', '--quiet', '--strict-checksums', '--file', KAFKA_POM, ...goal]),
      );
      renameSync(partial, folder);
    });
  } catch (error) {
    return because(error);
  }
  return check(target);
}
