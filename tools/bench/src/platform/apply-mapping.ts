import { credentials } from '@grpc/grpc-js';
import { MappingServiceClient, type ApplyResponse } from '@tributary/contracts/control';
import { BenchError } from '../errors.ts';

const PATIENCE_MS = 30_000;

/** Applies a mapping through the control-plane at `host:port`. Errors: `mapping-refused`, with the findings. */
export async function applyMapping(address: string, text: string): Promise<void> {
  const client = new MappingServiceClient(address, credentials.createInsecure());
  const request = { text, source: 'bench', author: 'npm run bench', comment: '', expectedVersion: 0 };
  try {
    const { applied, findings } = await new Promise<ApplyResponse>((resolve, reject) => {
      client.waitForReady(Date.now() + PATIENCE_MS, (unreachable) => {
        if (unreachable) reject(unreachable);
        else client.apply(request, (error, response) => (error ? reject(error) : resolve(response)));
      });
    });
    if (applied) return;
    const lines = findings.map(({ line, code, message }) => `  line ${line} [${code}] ${message}`);
    throw new BenchError('mapping-refused', ['the mapping was refused:', ...lines].join('\n'));
  } finally {
    client.close();
  }
}
