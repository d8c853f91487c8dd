import { rename, writeFile } from 'node:fs/promises';

/** Writes the endpoints as JSON; whoever reads the file sees either all of it or none. */
export async function writeEndpointsFile(
  path: string,
  content: Readonly<Record<string, unknown>>,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, JSON.stringify(content, null, 2) + '\n');
  await rename(temporary, path);
}
