import type { Session as GotrueSession } from '@supabase/auth-js';
import { decodeToken } from '#keys';
import type { Logger } from '#observability';
import { createGotrue } from '../gotrue.ts';
import type { Workbench } from '../workbench.ts';
import { judgeAnonKey, judgeServiceKey } from './api-keys.ts';
import { judgeAddress } from './caller-address.ts';
import { judgeClocks, type Reading } from './clock.ts';
import { type DatabaseSight, judgeShared, lookAtDatabase } from './database.ts';
import { judgeDatabaseTls } from './database-tls.ts';
import { examineDeactivated } from './deactivated.ts';
import {
  concludeFrom,
  type Diagnosis,
  type Finding,
  type FindingId,
  fault,
  ok,
  warning,
} from './findings.ts';
import { judgeHook } from './hook.ts';
import { judgeLogIn } from './log-in.ts';
import { judgeMail } from './mail.ts';
import { createProbes, inventProbe, type Probe } from './probe.ts';
import { type Ask, createAsk, type Reply } from './question.ts';
import { judgeReach } from './reach.ts';
import { judgeIssuer, judgeKeys, judgeToken } from './signing.ts';

/** With the removal of the probe user it is less than half a minute. */
const LOOKS_AT_MOST_MS = 15_000;
/** What has to be well before the hook is looked at once more. */
const OF_THE_HOOK: readonly FindingId[] = ['hook', 'shared_database'];

export interface DiagnosisOptions {
  readonly isProduction: boolean;
  /** Of PostgreSQL, as they are configured; none: the database is embedded. */
  readonly databaseUrls: readonly string[];
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
    const tls = judgeDatabaseTls(options.databaseUrls);
    const looked = [...database.findings, tls, ...gotrue.findings, ...probed];
    const all = clock === null ? looked : [...looked, clock];
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
    findings: [reach, anon, service, judgeKeys(keys, settings), ...judgeMail(forAnybody, isProduction)],
    clock,
    canProbe: anon.status !== 'fault' && service.status !== 'fault',
  };
}

async function sendProbe(examination: Examination, database: DatabaseSight): Promise<Finding[]> {
  const { ask, random, options, storage } = examination;
  const probes = createProbes(ask, storage);
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
    const why = await probes.remove(probe, database.isCurrent);
    if (why !== null) findings.push(describeLeft(probe, why));
  }
  const isTold = findings.some(({ id }) => id === 'probe');
  return isTold ? findings : [...findings, ok('probe', 'A probe user was made, and removed again.')];
}

/** The log-ins go the way that those of people go, with their time and their headers. */
async function examine(examination: Examination, probe: Probe, database: DatabaseSight): Promise<Finding[]> {
  const gotrue = createGotrue({ ...examination, logger: SILENT });
  const { email, password, ip } = probe;
  const logIn = async (): Promise<GotrueSession> => {
    const { session } = await gotrue.ask({ ip, userAgent: 'auth-service doctor' }, (auth) =>
      auth.signInWithPassword({ email, password }),
    );
    return session;
  };
  try {
    const findings = await examineSession(examination, await logIn(), probe, database);
    const isSound = findings.every(({ id, status }) => status === 'ok' || !OF_THE_HOOK.includes(id));
    if (!isSound || !database.isCurrent || examination.options.signal.aborted) return findings;
    const hook = await examineDeactivated(examination, probe, logIn);
    return hook === null ? findings : [...findings.filter(({ id }) => id !== 'hook'), hook];
  } catch (error) {
    return [judgeLogIn(error)];
  }
}

async function examineSession(
  { tokens, settings, storage }: Examination,
  session: GotrueSession,
  { id, ip }: Probe,
  { isCurrent, blindness, time }: DatabaseSight,
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
    // A database that was not heard may be the right one.
    ...(time !== null && blindness === null ? [judgeShared(isKnown)] : []),
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
