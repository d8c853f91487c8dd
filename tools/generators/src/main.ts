import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createProject } from './create-project.ts';
import { writeDocs } from './docs.ts';
import { generateProto } from './proto.ts';

const usage = `npm run generate -- service <name> [--owner @tributary/<team>]   a new service in apps/
npm run generate -- lib <name> [--owner @tributary/<team>]       a new library in libs/
npm run generate -- docs                                         docs/settings.md and docs/metrics.md
npm run generate -- proto                                        code and descriptors from libs/contracts/proto
`;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    owner: { type: 'string', default: '@tributary/platform' },
    help: { type: 'boolean', short: 'h' },
  },
});

process.exitCode = await run(positionals[0], positionals.slice(1));

async function run(what: string | undefined, [name, ...more]: readonly string[]): Promise<number> {
  if ((what === 'service' || what === 'lib') && name !== undefined && more.length === 0) {
    const folder = await createProject(root, what, name, values.owner);
    await writeDocs(root);
    process.stdout.write(`${folder} is there. Next: npm install, then npm test -w @tributary/${name}\n`);
    return 0;
  }
  if (what === 'docs' && name === undefined) {
    process.stdout.write(`${(await writeDocs(root)).join('\n')}\n`);
    return 0;
  }
  if (what === 'proto' && name === undefined) {
    await generateProto(root);
    return 0;
  }
  process.stderr.write(usage);
  return values.help ? 0 : 64;
}
