/** One setting that cannot be used. */
export interface SettingProblem {
  /** Key of the setting, or what was found in the place of one. */
  readonly setting: string;
  /** Where it was found: an environment variable, `file:line`, or the declaration. */
  readonly source: string;
  /** What is wrong and what is allowed. Holds no secret. */
  readonly message: string;
}

/** Settings are wrong; all that is wrong with them, at once. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'SETTINGS';
  readonly retryable = false;
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    const count = problems.length === 1 ? '1 setting is wrong' : `${problems.length} settings are wrong`;
    super([`${count}:`, ...problems.map(({ source, message }) => `  ${source}: ${message}`)].join('\n'));
    this.problems = problems;
  }
}

/** A step of starting or stopping did not end in its time. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'TIMEOUT';
  readonly retryable = true;
}

/** An address cannot be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code = 'LISTEN';
  readonly retryable = false;

  constructor(what: string, address: string, cause: unknown) {
    super(
      `cannot listen for ${what} on ${address}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** What the service runs on is not what its deployment profile promises. */
export class DeploymentError extends Error {
  override readonly name = 'DeploymentError';
  readonly code = 'DEPLOYMENT';
  /** True if servers that are away may be all that is wrong. */
  readonly retryable: boolean;

  constructor(message: string, retryable = false) {
    super(message);
    this.retryable = retryable;
  }
}
