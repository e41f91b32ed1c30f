import type { Command, CommanderError } from 'commander';
import type { Failure } from './failures.ts';

/** A fault of usage; null when commander only ended early: help or version was asked for. */
export function usageFailure(error: CommanderError, commandLine: string): Failure | null {
  if (error.exitCode === 0) return null;
  const command = `auth-service${commandLine === '' ? '' : ` ${commandLine}`}`;
  return {
    code: 'usage',
    detail:
      error.code === 'commander.help' ? `${command} needs a command.` : error.message.replace(/^error: /, ''),
    remedy: `See how it is used with: ${command} --help`,
    exitCode: 2,
  };
}

/** Which command these arguments name, as far as they name one: `clients create`. */
export function commandLineOf(program: Command, argv: readonly string[]): string {
  const names: string[] = [];
  let command: Command | undefined = program;
  for (const word of argv) {
    if (word.startsWith('-')) continue;
    command = command.commands.find((candidate) => candidate.name() === word);
    if (command === undefined) break;
    names.push(word);
  }
  return names.join(' ');
}
