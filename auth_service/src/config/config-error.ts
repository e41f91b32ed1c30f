/** One thing wrong with the environment. No secret is ever in the text. */
export interface ConfigFault {
  /** As the deployer wrote it, prefix and _FILE included, or the documented name where it is not set at all. */
  readonly variable: string;
  /** Completes "<variable> …". */
  readonly problem: string;
  readonly remedy: string;
}

/** Every fault of a configuration at once: `message` for a terminal, `faults` for one JSON line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[], cause?: unknown) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    const lines = faults.map((fault) => `  ${fault.variable} ${fault.problem}\n      ${fault.remedy}`);
    super([`The configuration has ${count}:`, ...lines].join('\n\n'), cause === undefined ? {} : { cause });
    this.faults = faults;
  }
}
