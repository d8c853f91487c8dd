/** A file of a new project: path within its folder, text. */
export type Files = Readonly<Record<string, string>>;

/** What a new project is called, in all the ways it is called. */
export class ProjectName {
  /** `dead-letters` */
  readonly kebab: string;

  /** @throws RangeError unless it is words of small letters and digits joined by `-` */
  constructor(name: string) {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
      throw new RangeError(`"${name}" is no name: use small letters and digits, words joined by "-"`);
    }
    this.kebab = name;
  }

  /** `DeadLetters` */
  get pascal(): string {
    return this.kebab.replaceAll(/(?:^|-)(.)/g, (_, first: string) => first.toUpperCase());
  }

  /** `deadLetters` */
  get camel(): string {
    return this.pascal.charAt(0).toLowerCase() + this.pascal.slice(1);
  }

  get package(): string {
    return `@tributary/${this.kebab}`;
  }
}

/** package.json of a project; `type` and `scope` are its tags for the boundary rules. */
export function manifest(options: {
  readonly name: ProjectName;
  readonly version: string;
  readonly tags: readonly string[];
  readonly exported: boolean;
  readonly dependencies: readonly string[];
}): string {
  const entry = { types: './src/mod.ts', default: './src/mod.ts' };
  return json({
    name: options.name.package,
    version: options.version,
    private: true,
    license: 'Apache-2.0',
    type: 'module',
    ...(options.exported ? { exports: { '.': entry } } : {}),
    scripts: { test: "node --test 'test/**/*.test.ts'", typecheck: 'tsc -b' },
    dependencies: Object.fromEntries(options.dependencies.map((name) => [name, '*'])),
    nx: { tags: options.tags },
  });
}

/** tsconfig.json of a project that uses others of the workspace. */
export function tsconfig(references: readonly string[]): string {
  return json({
    extends: '../../tsconfig.base.json',
    compilerOptions: { outDir: 'dist', rootDir: '.', tsBuildInfoFile: 'dist/tsconfig.tsbuildinfo' },
    include: ['src', 'test'],
    references: references.map((path) => ({ path: `../../${path}` })),
  });
}

export function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + '\n';
}
