import type { Command } from 'commander';
import { type Config, ConfigError, type ConfigFault, describeConfig } from '#config';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';
import { renderFaults } from './failures.ts';
import type { Output } from './output.ts';

export function addConfiguration(program: Command, context: CommandContext): void {
  const config = program.command('config').description('the environment this service reads');
  withExample(config, 'auth-service config check');
  addCheck(config, context);
  addPrint(config, context);
}

function addCheck(config: Command, context: CommandContext): void {
  const check = config
    .command('check')
    .description('say every fault and warning; exit 1 when there is a fault')
    .action(() => {
      const { faults, warnings } = examine(context.loadConfig);
      if (faults.length > 0) context.exitWith(1);
      context.output.result({ ok: faults.length === 0, faults, warnings }, () =>
        describe(faults, warnings, context.output),
      );
    });
  withExample(check, 'auth-service config check');
}

function examine(load: () => Config): { faults: readonly ConfigFault[]; warnings: readonly ConfigFault[] } {
  try {
    return { faults: [], warnings: load().warnings };
  } catch (error) {
    if (error instanceof ConfigError) return { faults: error.faults, warnings: [] };
    throw error;
  }
}

function describe(faults: readonly ConfigFault[], warnings: readonly ConfigFault[], output: Output): string {
  const parts: string[] = [];
  if (faults.length > 0) parts.push(`Faults:\n${renderFaults(faults, output)}`);
  if (warnings.length > 0) parts.push(`Warnings:\n${renderFaults(warnings, output)}`);
  if (faults.length === 0) parts.push('The configuration is good to start with.');
  return parts.join('\n\n');
}

function addPrint(config: Command, { output, loadConfig }: CommandContext): void {
  const print = config
    .command('print')
    .description('show what every variable comes to, and where from; secrets are masked')
    .action(() => {
      const items = describeConfig(loadConfig());
      output.result({ items, count: items.length }, () =>
        output.table(
          ['name', 'value', 'source'],
          items.map(({ name, value, source }) => [name, value, source]),
        ),
      );
    });
  withExample(print, 'auth-service config print');
}
