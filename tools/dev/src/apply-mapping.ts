// Applies a mapping file once, for platforms that `npm start` does not run: FILE HOST:PORT (of the control-plane's gRPC).
import { DevError } from './errors.ts';
import { MappingClient } from './mapping/mapping-client.ts';
import { MappingFile } from './mapping/mapping-file.ts';
import { exitWith, say } from './screen/report.ts';

await exitWith(async () => {
  const [file, control, ...rest] = process.argv.slice(2);
  if (file === undefined || control === undefined || rest.length > 0) {
    throw new DevError('usage', 'usage: node tools/dev/src/apply-mapping.ts FILE HOST:PORT');
  }
  let refused = true;
  using client = new MappingClient(control);
  using mapping = new MappingFile(file, client, say, () => (refused = false));
  await mapping.applyAtStart();
  return refused ? 1 : 0;
});
