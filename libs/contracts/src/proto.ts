import { fileURLToPath } from 'node:url';

/** The folder of the .proto files, for whoever needs them at run time: gRPC reflection, transcoding. */
export const protoDirectory: string = fileURLToPath(new URL('../proto', import.meta.url));
