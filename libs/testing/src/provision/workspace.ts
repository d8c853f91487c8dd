import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root folder of the repository. */
export const WORKSPACE = fileURLToPath(new URL('../../../../', import.meta.url));

/** Where programs that were assembled for this workspace live. */
export function toolchainFolder(): string {
  return process.env['TRIBUTARY_TOOLCHAIN_DIR'] ?? join(WORKSPACE, '.tributary', 'toolchain');
}
