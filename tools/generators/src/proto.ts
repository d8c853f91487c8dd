import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Sources of the descriptor set: our files, and the health service that every server has besides. */
const descriptorSources = ['libs/contracts/proto', 'node_modules/grpc-health-check/proto'];

/**
 * Generates code and descriptors from the .proto files.
 *
 * @param root the workspace
 * @param output where to write, with the same folders as the workspace; the workspace itself by default
 */
export async function generateProto(root: string, output: string = root): Promise<void> {
  await buf(root, 'generate', '--output', output);
  const sets: Buffer[] = [];
  for (const source of descriptorSources) {
    sets.push(
      await buf(root, 'build', source, '--as-file-descriptor-set', '--exclude-source-info', '--output', '-'),
    );
  }
  // Concatenated messages merge, and repeated fields add up: this is one set. buf omits no file, so none may be double.
  await writeFile(join(output, 'libs/contracts/proto/descriptors.binpb'), Buffer.concat(sets));
}

/** Runs buf from its npm package, which carries the binary; its output. */
export async function buf(root: string, ...args: string[]): Promise<Buffer> {
  const script = join(root, 'node_modules/@bufbuild/buf/bin/buf');
  const { stdout } = await run(process.execPath, [script, ...args], { cwd: root, encoding: 'buffer' });
  return stdout;
}
