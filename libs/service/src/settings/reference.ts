import { environmentName, processVariables } from './declaration.ts';
import type { Setting, SettingDeclarations } from './declaration.ts';
import { allowed, show } from './value.ts';

/** A service's own settings, for the reference. */
export interface SettingsSection {
  readonly title: string;
  readonly settings: SettingDeclarations;
}

/** The text of `docs/settings.md`. */
export function renderSettingsReference(sections: readonly SettingsSection[]): string {
  const lines = [
    '# Settings',
    '',
    'A setting comes from its environment variable, else from the YAML or JSON file that `TRIBUTARY_CONFIG_FILE` names',
    '(keys nested by their dots), else it has its default. A wrong or unknown setting stops the service at once (exit',
    'code 78) with a list of everything that is wrong. This page is generated from the declarations by `npm run docs`.',
    '',
    '| variable | meaning |',
    '| --- | --- |',
    ...Object.entries(processVariables).map(([name, doc]) => `| \`${name}\` | ${doc} |`),
  ];
  for (const { title, settings } of sections) {
    lines.push(
      '',
      `## ${title}`,
      '',
      '| setting | variable | value | default | meaning |',
      '| --- | --- | --- | --- | --- |',
    );
    for (const [key, setting] of Object.entries(settings)) lines.push(row(key, setting));
  }
  return lines.join('\n') + '\n';
}

function row(key: string, setting: Setting): string {
  const fallback = setting.required
    ? 'required'
    : setting.default === undefined
      ? ''
      : `\`${show(setting.default)}\``;
  return `| \`${key}\` | \`${environmentName(key)}\` | ${allowed(setting)} | ${fallback} | ${setting.doc} |`;
}
