import type { ConfigFault } from './config-error.ts';
import type { Variable } from './variable.ts';

/** Faults and warnings of one pass, each under the name that the deployer used. */
export interface Report {
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
  foundAs(variable: Variable, name: string): void;
  fault(variable: Variable, problem: string, remedy: string): void;
  warn(variable: Variable, problem: string, remedy: string): void;
  /** A fault for a variable that had to be set, unless what was set is at fault already. */
  missing(variable: Variable, remedy: string): void;
  isFaulty(variable: Variable): boolean;
}

export function createReport(): Report {
  const faults: ConfigFault[] = [];
  const warnings: ConfigFault[] = [];
  const faulty = new Set<string>();
  const foundNames = new Map<string, string>();
  const nameOf = (variable: Variable) => foundNames.get(variable.name) ?? variable.name;

  const report: Report = {
    faults,
    warnings,
    foundAs(variable, name) {
      foundNames.set(variable.name, name);
    },
    fault(variable, problem, remedy) {
      faulty.add(variable.name);
      faults.push({ variable: nameOf(variable), problem, remedy });
    },
    warn(variable, problem, remedy) {
      warnings.push({ variable: nameOf(variable), problem, remedy });
    },
    missing(variable, remedy) {
      if (!faulty.has(variable.name)) report.fault(variable, 'is not set.', remedy);
    },
    isFaulty: (variable) => faulty.has(variable.name),
  };
  return report;
}
