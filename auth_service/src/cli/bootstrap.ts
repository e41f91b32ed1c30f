import type { Command } from 'commander';
import type { Service } from '#compose';
import { ServiceError } from '#errors';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';

type Supabase = NonNullable<Service['people']['supabase']>;
type Backfilled = Awaited<ReturnType<Supabase['backfill']>>;

const NOTHING_TO_BACKFILL =
  '--backfill is for accounts that Supabase keeps, and here IDENTITY is embedded: everybody has a profile already.';

export function addBootstrap(program: Command, context: CommandContext): void {
  const { output, withStorage } = context;
  const bootstrap = program
    .command('bootstrap')
    .description(
      'make the built-in roles, the signing keys and the administrator of INITIAL_ADMIN_*, as every start does',
    )
    .option('--backfill', 'then give everybody whom Supabase knows their profile and the role user')
    .action(({ backfill = false }: { backfill?: boolean }) =>
      withStorage(async (service) => {
        const supabase = backfill ? requireSupabase(service) : null;
        const hasAdministrator = await service.bootstrap();
        const backfilled = supabase === null ? null : await backfillFrom(supabase, context);
        const message = [
          'Built-in roles and permissions and the signing keys are in place.',
          describeAdministrator(hasAdministrator),
          ...(backfilled === null ? [] : [describeBackfilled(backfilled)]),
        ].join(' ');
        const counts = backfilled === null ? {} : { backfill: { ...backfilled } };
        output.result({ message, has_administrator: hasAdministrator, ...counts }, () => message);
      }),
    );
  withExample(bootstrap, 'auth-service bootstrap');
}

function requireSupabase({ people }: Service): Supabase {
  if (people.supabase === null) throw new ServiceError('validation_failed', NOTHING_TO_BACKFILL);
  return people.supabase;
}

/** One line that is written over, as long as a person looks at it. */
async function backfillFrom(supabase: Supabase, { io, output }: CommandContext): Promise<Backfilled> {
  const isShown = io.stderr.isTTY === true && !output.json;
  let isBegun = false;
  try {
    return await supabase.backfill(({ seen, adopted }) => {
      if (isShown) io.stderr.write(`\r${seen} accounts seen, ${adopted} adopted`);
      isBegun = isShown;
    });
  } finally {
    if (isBegun) io.stderr.write('\n');
  }
}

function describeAdministrator(hasAdministrator: boolean): string {
  return hasAdministrator
    ? 'There is an administrator.'
    : 'There is no administrator yet: set INITIAL_ADMIN_EMAIL and INITIAL_ADMIN_PASSWORD, and run this again.';
}

function describeBackfilled({ seen, adopted }: Backfilled): string {
  return `Supabase knows ${count(seen, 'account')}; ${count(adopted, 'profile')} ${adopted === 1 ? 'was' : 'were'} made.`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
