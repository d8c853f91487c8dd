import { readFileSync } from 'node:fs';
import { BinaryReader } from '@bufbuild/protobuf/wire';

/** A FileDescriptorSet of all our .proto files and what they and our servers need, built by buf. */
const descriptorSet = new URL('../proto/descriptors.binpb', import.meta.url);

/** The .proto files as compiled FileDescriptorProtos, for gRPC reflection; with grpc.health.v1, which we serve too. */
export function fileDescriptors(): Uint8Array[] {
  const reader = new BinaryReader(readFileSync(descriptorSet));
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    reader.tag(); // `repeated FileDescriptorProto file = 1` is the only field of the set.
    files.push(reader.bytes());
  }
  return files;
}
