import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { fileDescriptors } from '@tributary/contracts/proto';

/**
 * Lets grpcurl and the like discover the services.
 *
 * The descriptors are buf's, not those @grpc/proto-loader would make of the .proto files: it forgets imports and names
 * map entries otherwise than protoc, and clients that check descriptors (all that use protobuf-go) refuse them.
 *
 * The package definition stands in for one of @grpc/proto-loader; reflection reads only the files in it.
 *
 * @param services full names of the services to list
 */
export function addReflection(server: Server, services: readonly string[]): void {
  const fileDescriptorProtos = fileDescriptors().map((file) => Buffer.from(file));
  const format = 'Protocol Buffer 3 EnumDescriptorProto';
  const definitions = { tributary: { format, type: {}, fileDescriptorProtos } } as const;
  new ReflectionService(definitions, { services: [...services] }).addToServer(server);
}
