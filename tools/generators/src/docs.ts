import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commonSettings, logSettings, renderSettingsReference } from '@tributary/service';
import type { SettingDeclarations, SettingsSection } from '@tributary/service';
import { renderMetricsReference } from '@tributary/telemetry';

/** A page of docs that is made from declarations. */
export interface GeneratedPage {
  /** From the root. */
  readonly path: string;
  readonly text: string;
}

/** All generated pages, as they should be. */
export async function renderDocs(root: string): Promise<GeneratedPage[]> {
  return [
    { path: 'docs/metrics.md', text: renderMetricsReference() },
    { path: 'docs/settings.md', text: renderSettingsReference(await settingsSections(root)) },
  ];
}

/** Writes the generated pages; their paths. */
export async function writeDocs(root: string): Promise<string[]> {
  const pages = await renderDocs(root);
  for (const { path, text } of pages) await writeFile(join(root, path), text);
  return pages.map(({ path }) => path);
}

/** The shared settings, then for each service what it adds to them. */
async function settingsSections(root: string): Promise<SettingsSection[]> {
  const shared: SettingDeclarations = { ...commonSettings, ...logSettings };
  const sections: SettingsSection[] = [
    { title: 'Every service', settings: commonSettings },
    { title: 'Every service that uses the log', settings: logSettings },
  ];
  for (const service of (await readdir(join(root, 'apps'))).toSorted()) {
    const file = join(root, 'apps', service, 'src/config.ts');
    if (!(await exists(file))) continue;
    const own = Object.entries(await readSettings(file)).filter(([key]) => !Object.hasOwn(shared, key));
    sections.push({ title: service, settings: Object.fromEntries(own) });
  }
  return sections;
}

/** What a service's config.ts exports as `settings`; a service not written yet has none. */
async function readSettings(file: string): Promise<SettingDeclarations> {
  const module: unknown = await import(pathToFileURL(file).href);
  if (
    typeof module !== 'object' ||
    module === null ||
    !('settings' in module) ||
    !isDeclarations(module.settings)
  ) {
    throw new TypeError(`${file} does not export its declarations as "settings"`);
  }
  return module.settings;
}

function isDeclarations(value: unknown): value is SettingDeclarations {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every(
    (setting: unknown) =>
      typeof setting === 'object' && setting !== null && 'type' in setting && 'doc' in setting,
  );
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
