/**
 * What a person at the command line can do about an error, by its code. The messages of the catalogue are written for
 * callers of the API; here the reader holds the environment and the machine.
 */
const REMEDIES: Readonly<Record<string, string>> = {
  already_exists: 'Choose another name, or use the one that is there.',
  archive_unwritable: 'See that the folder is there, is yours, and has room.',
  built_in: 'Make one of your own and change that.',
  database_unavailable:
    'See that the database runs and that AUTH_SERVICE_DATABASE_URL (for migrations DATABASE_DIRECT_URL, where it is set) points to it, then try again.',
  migration_altered:
    'Run the version whose migration files were applied, or restore the file as it was released.',
  migration_failed:
    'What ran until now runs on. Cure what the database says, then run it again; where the migration itself is at fault, stay with the version before, and report it.',
  permission_denied: 'Check who owns the data folder; a port below 1024 needs another PORT or more rights.',
  address_not_available: 'Set HOST to an address of this machine, for instance 127.0.0.1 or 0.0.0.0.',
  port_in_use: 'Stop what listens there, or choose another port: PORT=8001',
  schema_incompatible: 'Run the version that made this schema, or a newer one.',
  identity_unavailable: 'Find out why with: auth-service doctor supabase',
  internal: 'This is a fault of auth-service; please report it with the command and this message.',
};

/** Their messages are for operators alone, and say after the first sentence what to do. */
const SAYING_IT_THEMSELVES: readonly string[] = [
  'archive_damaged',
  'archive_locked',
  'archive_misfit',
  'archive_too_new',
  'target_in_use',
  'target_not_empty',
  'data_folder_locked',
  'encryption_key_mismatch',
  'schema_behind',
  'sealed_data_damaged',
];

const LISTS: Readonly<Record<string, string>> = {
  permissions: 'auth-service permissions list',
  roles: 'auth-service roles list',
  clients: 'auth-service clients list',
};

/**
 * The message parted into what is wrong and what to do.
 * @param commandLine as in `roles grant`: noun and verb say which names were meant.
 */
export function withRemedy(
  code: string,
  message: string,
  commandLine: string,
): { detail: string; remedy: string | null } {
  const end = message.indexOf('. ');
  if (SAYING_IT_THEMSELVES.includes(code) && end > 0) {
    return { detail: message.slice(0, end + 1), remedy: message.slice(end + 2) };
  }
  return { detail: message, remedy: remedyFor(code, commandLine) };
}

function remedyFor(code: string, commandLine: string): string | null {
  const [noun = '', verb = ''] = commandLine.split(' ');
  if (code === 'not_found' && LISTS[noun] !== undefined) return seeWhatThereIs(noun, verb);
  if (code === 'validation_failed') return seeTheRules(commandLine);
  if (code === 'in_use') {
    return 'Take it away there first, or add --force to take it away everywhere.';
  }
  return REMEDIES[code] ?? null;
}

function seeTheRules(commandLine: string): string {
  const usage = `See how it is used with: auth-service ${commandLine} --help`;
  return commandLine === 'clients create' ? `${usage} and which roles there are with: ${LISTS.roles}` : usage;
}

function seeWhatThereIs(noun: string, verb: string): string {
  const lists = [LISTS[noun]];
  const isAboutTwo = verb === 'grant' || verb === 'revoke';
  if (isAboutTwo) lists.push(noun === 'roles' ? LISTS.permissions : LISTS.roles);
  return `See what there is with: ${lists.filter((list) => list !== undefined).join(' and ')}`;
}
