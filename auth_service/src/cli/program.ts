import { Command, Help } from 'commander';
import { VERSION } from '#config';
import { addApply } from './apply.ts';
import { addBackup } from './backup.ts';
import { addBootstrap } from './bootstrap.ts';
import { addClients } from './clients.ts';
import { addConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { addDoctor } from './doctor.ts';
import { withExample } from './example.ts';
import { addExport } from './export.ts';
import { addHealthcheck } from './healthcheck.ts';
import { addMigrate } from './migrate.ts';
import { addPermissions } from './permissions.ts';
import { addRestore } from './restore.ts';
import { addRoles } from './roles.ts';
import { addServe } from './serve.ts';
import { addSupabaseKeys } from './supabase-keys.ts';

/** Every command there is, in the order in which `--help` lists them. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('auth-service');
  program
    .description('PA Services Auth: machines, roles and tokens for a fleet of services.')
    .version(VERSION, '--version', 'print the version')
    .option('--json', "print the API's own JSON; errors are JSON too")
    .helpOption('-h, --help', 'show how a command is used')
    .configureHelp({
      showGlobalOptions: true,
      // At the top there are nouns; what each takes is told by its own help.
      subcommandTerm(command) {
        const isNoun = command.parent === program;
        return isNoun ? command.name() : Help.prototype.subcommandTerm.call(this, command);
      },
    })
    .configureOutput({
      writeOut: (text) => context.io.stdout.write(text),
      // Faults of usage are told by run.ts, in one form with all others; what is left here is help.
      outputError: () => {},
      writeErr: (text) => context.output.note(text.trimEnd()),
      getOutHelpWidth: () => context.output.width,
      getErrHelpWidth: () => context.output.width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  addServe(program, context);
  addHealthcheck(program, context);
  addMigrate(program, context);
  addBootstrap(program, context);
  addConfiguration(program, context);
  addPermissions(program, context);
  addRoles(program, context);
  addClients(program, context);
  addApply(program, context);
  addExport(program, context);
  addBackup(program, context);
  addRestore(program, context);
  addSupabaseKeys(program, context);
  addDoctor(program, context);
  // `--help` is the one way to help; commander would add a verb `help` to each noun.
  for (const command of [program, ...program.commands]) command.helpCommand(false);
  return withExample(program, 'auth-service serve');
}
