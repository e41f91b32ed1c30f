import { CommanderError } from 'commander';
import { type CliIo, type CommandContext, createContext } from './context.ts';
import { describeFailure, renderFailure } from './failures.ts';
import { createProgram } from './program.ts';
import { commandLineOf, usageFailure } from './usage.ts';

export type { CliIo } from './context.ts';

/**
 * Runs one command line and returns its exit code: 0 done, 1 refused or failed, 2 wrong usage. Never throws.
 * @param argv what follows the program's name.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const context = createContext(io, { json: wantsJson(argv) });
  const program = createProgram(context);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return context.exitCode();
  } catch (error) {
    const commandLine = commandLineOf(program, argv);
    const failure =
      error instanceof CommanderError
        ? usageFailure(error, commandLine)
        : describeFailure(error, commandLine);
    if (failure === null) return 0;
    if (!isTold(error, context)) io.stderr.write(renderFailure(failure, context.output));
    return failure.exitCode;
  }
}

/** A noun without a verb is answered by its help, which says more than an error could; a program gets the error. */
function isTold(error: unknown, { output }: CommandContext): boolean {
  return error instanceof CommanderError && error.code === 'commander.help' && !output.json;
}

/** As commander reads it: the option counts wherever it stands, up to a `--`. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).includes('--json');
}
