import type { Command } from 'commander';
import type { Service } from '#compose';
import { type Config, ConfigError, type ConfigFault } from '#config';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';

type Supabase = NonNullable<Service['people']['supabase']>;
type Diagnosis = Awaited<ReturnType<Supabase['diagnose']>>;
type Finding = Diagnosis['findings'][number];

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const OF_THIS_PART = /^(?:IDENTITY|SUPABASE_.*)$/;
const SIGNS = { ok: '✓', warning: '!', fault: '✗' } as const;
const PLAIN_SIGNS = { ok: 'ok', warning: 'warning', fault: 'fault' } as const;

export function addDoctor(program: Command, context: CommandContext): void {
  const doctor = program.command('doctor').description('find out what is wrong, and what to do about it');
  withExample(doctor, 'auth-service doctor supabase');
  const supabase = doctor
    .command('supabase')
    .description(
      'look at everything that log-ins by Supabase stand on, with a probe user; exit 1 when there is a fault',
    )
    .action(() => untilStopped((signal) => examineSupabase(context, signal)));
  withExample(supabase, 'auth-service doctor supabase');
}

/** Ctrl-C ends what is looked at; the probe user is removed before the process ends. */
async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  try {
    await work(stop.signal);
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
  }
}

async function examineSupabase(context: CommandContext, signal: AbortSignal): Promise<void> {
  const configuration = examineConfiguration(context.loadConfig);
  const diagnosis = configuration.some(({ status }) => status === 'fault')
    ? { findings: [], unseen: [] }
    : await diagnose(context, signal);
  const { unseen } = diagnosis;
  const findings = [...configuration, ...diagnosis.findings];
  const ok = findings.every(({ status }) => status !== 'fault') && !signal.aborted;
  if (!ok) context.exitWith(1);
  context.output.result({ ok, findings }, () => describe({ findings, unseen }, context));
  if (signal.aborted) context.output.note('Stopped before everything was looked at.');
}

async function diagnose({ withStorage }: CommandContext, signal: AbortSignal): Promise<Diagnosis> {
  let diagnosis: Diagnosis = { findings: [], unseen: [] };
  await withStorage(async ({ people, config }) => {
    const { isProduction } = config;
    const databaseUrls = databaseUrlsOf(config);
    diagnosis = (await people.supabase?.diagnose({ isProduction, databaseUrls, signal })) ?? diagnosis;
  });
  return diagnosis;
}

function databaseUrlsOf({ database }: Config): string[] {
  if (database.kind === 'embedded') return [];
  return database.directUrl === null ? [database.url] : [database.url, database.directUrl];
}

function examineConfiguration(load: () => Config): Finding[] {
  let config: Config;
  try {
    config = load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((fault) => ({ id: idOf(fault), status: 'fault', ...tell(fault) }));
  }
  if (config.identity.kind === 'embedded') {
    const detail = 'IDENTITY is embedded: the accounts are kept here, and there is no Supabase to look at.';
    const cause = 'IDENTITY says so, or SUPABASE_URL is not set.';
    const remedy = 'Set IDENTITY=supabase, SUPABASE_URL, SUPABASE_ANON_KEY and SUPABASE_SERVICE_ROLE_KEY.';
    return [{ id: 'configuration', status: 'fault', detail, cause, remedy }];
  }
  const warnings = config.warnings.filter(({ variable }) => OF_THIS_PART.test(variable));
  if (warnings.length > 0) {
    return warnings.map((fault) => ({ id: 'configuration', status: 'warning', ...tell(fault) }));
  }
  return [{ id: 'configuration', status: 'ok', detail: 'The configuration is complete.' }];
}

/** A key in the other's place is refused as soon as it is read. */
function idOf({ variable, problem }: ConfigFault): Finding['id'] {
  const isSwapped = problem.includes('of the other kind');
  if (isSwapped && variable === 'SUPABASE_ANON_KEY') return 'anon_key';
  if (isSwapped && variable === 'SUPABASE_SERVICE_ROLE_KEY') return 'service_key';
  return 'configuration';
}

function tell({ variable, problem, remedy }: ConfigFault) {
  return {
    detail: `${variable} ${problem}`,
    cause:
      'Variables are read from the environment that this command was started in; a container has its own.',
    remedy,
  };
}

function describe({ findings, unseen }: Diagnosis, { output, io }: CommandContext): string {
  const isPlain = !output.isTerminal || (io.env.NO_COLOR ?? '') !== '';
  const signs = isPlain ? PLAIN_SIGNS : SIGNS;
  const signWidth = Math.max(...Object.values(signs).map((sign) => sign.length));
  const idWidth = Math.max(...findings.map(({ id }) => id.length));
  const indent = ' '.repeat(signWidth + 1);
  const lines = findings.flatMap(({ id, status, detail, cause, remedy }) => [
    `${signs[status].padEnd(signWidth)} ${id.padEnd(idWidth)}  ${detail}`,
    ...(cause === undefined ? [] : [`${indent}  Cause:  ${cause}`]),
    ...(remedy === undefined ? [] : [`${indent}  Remedy: ${remedy}`]),
  ]);
  const count = (wanted: Finding['status']) => findings.filter(({ status }) => status === wanted).length;
  const total = `${plural(count('fault'), 'fault')}, ${plural(count('warning'), 'warning')}.`;
  const rest = unseen.length === 0 ? [] : [`Not looked at until then: ${unseen.join(', ')}.`];
  return [...lines, '', total, ...rest].join('\n');
}

function plural(number: number, noun: string): string {
  return `${number === 0 ? 'no' : number} ${noun}${number === 1 ? '' : 's'}`;
}
