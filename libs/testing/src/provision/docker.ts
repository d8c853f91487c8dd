import { findProgram, run } from './program.ts';

let answer: Promise<boolean> | undefined;

/** Whether a Docker engine answers; the client alone does not count. Asked once per process. */
export function dockerAnswers(): Promise<boolean> {
  answer ??= ask();
  return answer;
}

async function ask(): Promise<boolean> {
  const docker = findProgram('docker');
  if (docker === undefined) return false;
  try {
    await run(docker, ['version', '--format', '{{.Server.Version}}']);
    return true;
  } catch {
    return false;
  }
}

/**
 * The arguments of `docker` that run a program of an image as if it were a local one: the host's network, our user, and
 * `folders` under the same path inside.
 */
export function dockerRun(
  image: string,
  container: string,
  folders: readonly string[],
  program: readonly string[],
): string[] {
  const [entrypoint = '', ...args] = program;
  const volumes = folders.flatMap((folder) => ['--volume', `${folder}:${folder}`]);
  const user = process.getuid && process.getgid ? ['--user', `${process.getuid()}:${process.getgid()}`] : [];
  const options = ['--rm', '--init', '--name', container, '--network', 'host', ...user, ...volumes];
  return ['run', ...options, '--entrypoint', entrypoint, image, ...args];
}
