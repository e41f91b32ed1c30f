import type { Session as GotrueSession } from '@supabase/auth-js';
import { decodeToken } from '#keys';
import type { Logger } from '#observability';
import { createGotrue } from '../gotrue.ts';
import type { Workbench } from '../workbench.ts';
import { judgeAnonKey, judgeServiceKey } from './api-keys.ts';
import { judgeAddress } from './caller-address.ts';
import { judgeClocks, type Reading } from './clock.ts';
import { type DatabaseSight, judgeShared, lookAtDatabase } from './database.ts';
import { concludeFrom, type Diagnosis, type Finding, fault, ok, warning } from './findings.ts';
import { judgeHook } from './hook.ts';
import { judgeLogIn } from './log-in.ts';
import { createProbes, inventProbe, type Probe } from './probe.ts';
import { type Ask, createAsk, type Reply } from './question.ts';
import { judgeReach } from './reach.ts';
import { judgeIssuer, judgeKeys, judgeToken } from './signing.ts';

/** With the removal of the probe user it is less than half a minute. */
const LOOKS_AT_MOST_MS = 15_000;

export interface DiagnosisOptions {
  readonly isProduction: boolean;
  /** Ends it early. The probe user is removed all the same. */
  readonly signal: AbortSignal;
}

/** What is looked at together. */
interface Examination extends Workbench {
  readonly ask: Ask;
  readonly options: DiagnosisOptions;
}

/**
 * Looks at every part on which log-ins stand, and logs a probe user in. What cannot be looked at before something else
 * is mended is left out. Never throws.
 */
export function createDiagnose(workbench: Workbench) {
  return async (options: DiagnosisOptions): Promise<Diagnosis> => {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(LOOKS_AT_MOST_MS)]);
    const ask = createAsk(workbench.settings);
    const examination = { ...workbench, ask, options: { ...options, signal } };
    const [database, gotrue] = await Promise.all([lookAtDatabase(workbench), lookAtGotrue(examination)]);
    const isHeard = gotrue.canProbe && !signal.aborted;
    const probed = isHeard ? await sendProbe(examination, database) : [];
    const clock = judgeClocks([...gotrue.clock, ...clockOf(database)]);
    const all = [...database.findings, ...gotrue.findings, ...probed, ...(clock === null ? [] : [clock])];
    const { anonKey, serviceRoleKey, jwtSecret } = workbench.settings;
    return concludeFrom(all, [anonKey, serviceRoleKey, ...(jwtSecret === null ? [] : [jwtSecret])]);
  };
}

async function lookAtGotrue({ ask, settings, now, options }: Examination) {
  const { signal, isProduction } = options;
  const health = await ask({ path: '/health', as: 'anybody', signal });
  const clock = clockIn(health, now());
  const reach = judgeReach(health, settings);
  if (reach.status === 'fault') return { findings: [reach], clock, canProbe: false };
  const [forAnybody, users, keys] = await Promise.all([
    ask({ path: '/settings', as: 'anybody', signal }),
    ask({ path: '/admin/users?page=1&per_page=1', as: 'service', signal }),
    ask({ path: '/.well-known/jwks.json', as: 'anybody', signal }),
  ]);
  const anon = judgeAnonKey(forAnybody, settings, now());
  const service = judgeServiceKey(users, settings, now());
  return {
    findings: [
      reach,
      anon,
      service,
      judgeKeys(keys, settings),
      ...judgeAutoconfirm(forAnybody, isProduction),
    ],
    clock,
    canProbe: anon.status !== 'fault' && service.status !== 'fault',
  };
}

function judgeAutoconfirm(reply: Reply, isProduction: boolean): Finding[] {
  if (reply.is !== 'answer' || reply.status !== 200) return [];
  if (reply.body.mailer_autoconfirm !== true)
    return [ok('autoconfirm', 'New accounts are confirmed by mail.')];
  if (!isProduction)
    return [ok('autoconfirm', 'New accounts confirm themselves, which will do outside production.')];
  return [
    warning('autoconfirm', {
      detail: 'New accounts confirm themselves.',
      cause:
        'GOTRUE_MAILER_AUTOCONFIRM is on, so that anybody can use an account under an address that is not theirs.',
      remedy:
        "Set ENABLE_EMAIL_AUTOCONFIRM=false in Supabase's .env and `docker compose up -d auth`; cloud: Authentication → Sign In / Providers → Email → Confirm email.",
    }),
  ];
}

async function sendProbe(examination: Examination, database: DatabaseSight): Promise<Finding[]> {
  const { ask, random, options } = examination;
  const probes = createProbes(ask);
  await probes.sweep(options.signal);
  const wanted = inventProbe(random);
  let probe = wanted;
  let findings: Finding[] = [];
  try {
    const made = await probes.create(wanted, options.signal);
    if (typeof made === 'string') findings = [describeUnmade(made)];
    else {
      probe = made;
      findings = await examine(examination, probe, database);
    }
  } finally {
    const why = await probes.remove(probe);
    if (why !== null) findings.push(describeLeft(probe, why));
  }
  const isTold = findings.some(({ id }) => id === 'probe');
  return isTold ? findings : [...findings, ok('probe', 'A probe user was made, and removed again.')];
}

/** The log-in goes the way that those of people go, with their time and their headers. */
async function examine(examination: Examination, probe: Probe, database: DatabaseSight): Promise<Finding[]> {
  const gotrue = createGotrue({ ...examination, logger: SILENT });
  const { email, password, ip } = probe;
  try {
    const { session } = await gotrue.ask({ ip, userAgent: 'auth-service doctor' }, (auth) =>
      auth.signInWithPassword({ email, password }),
    );
    return await examineSession(examination, session, probe, database);
  } catch (error) {
    return [judgeLogIn(error)];
  }
}

async function examineSession(
  { tokens, settings, storage }: Examination,
  session: GotrueSession,
  { id, ip }: Probe,
  { isCurrent, blindness }: DatabaseSight,
): Promise<Finding[]> {
  const { supabaseAccounts: accounts } = storage;
  const claims = decodeToken(session.access_token)?.claims ?? {};
  const held = isCurrent
    ? await accounts.standing(id, String(claims.session_id), false).catch(() => null)
    : null;
  const sessions = blindness === null ? await accounts.sessions(id).catch(() => []) : [];
  const login = sessions.find((one) => one.id === claims.session_id);
  const isKnown = login !== undefined;
  const kept = login?.ip;
  return [
    judgeIssuer(claims.iss, settings),
    judgeHook(claims.app_metadata, held),
    await judgeToken(session.access_token, tokens, settings),
    judgeAddress(ip, kept, settings),
    ...(blindness === null ? [judgeShared(isKnown)] : []),
  ];
}

function describeUnmade(why: string): Finding {
  return fault('probe', {
    detail: `The probe user could not be made: ${why}.`,
    cause: 'The admin API of Supabase Auth fails, or a trigger or hook there refuses new users.',
    remedy: 'See with `docker compose logs auth` what it says of POST /admin/users, then run this again.',
  });
}

function describeLeft({ email }: Probe, why: string): Finding {
  return warning('probe', {
    detail: `The probe user ${email} could not be removed: ${why}.`,
    cause:
      'Supabase Auth does not answer any more, or a table of yours refers to the user without on delete cascade. Nobody knows its password.',
    remedy:
      'Run this again, which removes it, or delete it in Studio. To such a table belongs: references auth.users (id) on delete cascade.',
  });
}

/** `Date` tells whole seconds. */
function clockIn(reply: Reply, at: Date): Reading[] {
  if (reply.is !== 'answer' || reply.date === null) return [];
  return [{ of: 'Supabase Auth', time: reply.date, at, withinMs: 1_000 + reply.tookMs }];
}

function clockOf({ time }: DatabaseSight): Reading[] {
  return time === null ? [] : [{ of: 'the database', ...time, withinMs: 500 }];
}

/** What goes wrong is told in findings. */
const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  error: () => undefined,
  critical: () => undefined,
  child: () => SILENT,
  isEnabled: () => false,
};
