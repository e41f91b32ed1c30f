import type { Command } from 'commander';

/** One line to copy, below the command's help. */
export function withExample(command: Command, example: string): Command {
  return command.addHelpText('after', `\nExample:\n  $ ${example}`);
}
