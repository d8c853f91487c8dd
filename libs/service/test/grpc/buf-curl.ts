import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const buf = fileURLToPath(new URL('../../../../node_modules/@bufbuild/buf/bin/buf', import.meta.url));

/** Asks a server as an operator would, knowing nothing but its address: `buf curl` learns the rest by reflection. */
export async function bufCurl(address: string, path: string, ...options: string[]): Promise<string> {
  const args = [
    'curl',
    '--protocol',
    'grpc',
    '--http2-prior-knowledge',
    ...options,
    `http://${address}${path}`,
  ];
  const { stdout } = await run(process.execPath, [buf, ...args]);
  return stdout;
}
