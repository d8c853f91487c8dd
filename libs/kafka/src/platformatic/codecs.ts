import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import type { Compression } from '../driver-options.ts';
import type { RecordsCodec } from './record-batch.ts';

const gzipAsync = promisify(gzip);
const zstdAsync = promisify(zstdCompress);

/**
 * gzip and zstd are Node's own and run beside the event loop; lz4 and snappy are WebAssembly that comes with
 * @platformatic/kafka and run in it, which at their speed costs less than to hand the work over.
 */
export function recordsCodec(compression: Compression): RecordsCodec | undefined {
  switch (compression) {
    case 'none':
      return undefined;
    case 'gzip':
      return { bits: 1, compress: gzipAsync };
    case 'snappy':
      return {
        bits: 2,
        compress: async (records) => compressionsAlgorithms.snappy.compressSync(Buffer.from(records)),
      };
    case 'lz4':
      return {
        bits: 3,
        compress: async (records) => compressionsAlgorithms.lz4.compressSync(Buffer.from(records)),
      };
    case 'zstd':
      return { bits: 4, compress: zstdAsync };
  }
}
