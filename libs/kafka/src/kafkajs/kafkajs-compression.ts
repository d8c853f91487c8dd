import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import type { Compression } from '../driver-options.ts';
import { KafkaDriverError, KafkaErrorCode } from '../errors.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * The kafkajs constant for a compression. gzip is its own, zstd is Node's; snappy and lz4 would need a further
 * dependency and are refused.
 */
export function kafkajsCompression(compression: Compression): number {
  switch (compression) {
    case 'none':
      return CompressionTypes.None;
    case 'gzip':
      return CompressionTypes.GZIP;
    case 'zstd':
      // Codecs of kafkajs are a table of the whole process; the entry is the same each time.
      CompressionCodecs[CompressionTypes.ZSTD] = () => ({
        compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
        decompress: (buffer: Buffer) => decompress(buffer),
      });
      return CompressionTypes.ZSTD;
    default:
      throw new KafkaDriverError(`The kafkajs driver has no ${compression}: use none, gzip or zstd`, {
        code: KafkaErrorCode.unsupported,
      });
  }
}
