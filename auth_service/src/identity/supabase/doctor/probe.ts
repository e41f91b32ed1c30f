import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '#crypto';
import { PRETENDED } from './hook.ts';
import { type Ask, describeReply, type Reply } from './question.ts';

/** In `app_metadata`, which nobody but the service key writes. */
const MARK = 'paservices_doctor';
const PREFIX = 'paservices-doctor-';
const DOMAIN = '@example.com';
/** Longer than the doctor takes: what is younger may be the probe of one that is at work. */
const LEFT_OVER_AFTER_MS = 30_000;
const REMOVED_WITHIN_MS = 3_500;
const REMOVAL_TRIES = 2;

export interface Probe {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** Of nobody (RFC 5737 §3). */
  readonly ip: string;
}

export function inventProbe(random: Pick<Random, 'uuid' | 'bytes' | 'token'>): Probe {
  return {
    id: crypto.randomUUID(),
    email: `${PREFIX}${random.uuid()}${DOMAIN}`,
    // With a character of each kind that GoTrue can be told to ask for.
    password: `aA1!${random.token(24)}`,
    ip: `192.0.2.${1 + ((random.bytes(1)[0] ?? 0) % 254)}`,
  };
}

/** The probe user at GoTrue, by its admin API. None of these throws. */
export function createProbes(ask: Ask) {
  async function remove(id: string, signal: AbortSignal): Promise<Reply> {
    return await ask({ path: `/admin/users/${id}`, as: 'service', method: 'DELETE', body: {}, signal });
  }

  /** Users with our address and mark; who only has such an address is somebody. */
  async function find(signal: AbortSignal) {
    const search = new URLSearchParams({ filter: PREFIX, page: '1', per_page: '100' });
    const reply = await ask({ path: `/admin/users?${search}`, as: 'service', signal });
    if (reply.is !== 'answer' || !Array.isArray(reply.body.users)) return null;
    const users = (reply.body.users as Listed[]).filter(
      ({ email = '', app_metadata }) =>
        email.startsWith(PREFIX) && email.endsWith(DOMAIN) && app_metadata?.[MARK] === true,
    );
    return { users, date: reply.date };
  }

  /** @returns why it is not; null when it is */
  async function whyThere({ id, email }: Probe): Promise<string | null> {
    const signal = AbortSignal.timeout(REMOVED_WITHIN_MS);
    const reply = await remove(id, signal);
    if (isDone(reply)) return null;
    if (reply.is !== 'answer' || reply.code !== 'user_not_found') return describeReply(reply);
    // An older GoTrue chooses the id itself, and its answer may have been lost.
    const found = await find(signal);
    if (found === null) return 'its users cannot be listed';
    const left = found.users.find((user) => user.email === email);
    if (left === undefined) return null;
    const again = await remove(left.id, signal);
    return isDone(again) ? null : describeReply(again);
  }

  return {
    /** Those of earlier runs that were cut short. @returns how many went */
    async sweep(signal: AbortSignal): Promise<number> {
      const found = await find(signal);
      const before = (found?.date?.getTime() ?? 0) - LEFT_OVER_AFTER_MS;
      const old = found?.users.filter(({ created_at }) => Date.parse(created_at) < before) ?? [];
      const replies = await Promise.all(old.map(({ id }) => remove(id, signal)));
      return replies.filter(isDone).length;
    },

    /** @returns it with the id that it got, or why there is none */
    async create(probe: Probe, signal: AbortSignal): Promise<Probe | string> {
      const { id, email, password } = probe;
      const said = { roles: [PRETENDED], permissions: [PRETENDED] };
      const metadata = { app_metadata: { [MARK]: true }, user_metadata: said };
      const body = { id, email, password, email_confirm: true, ...metadata };
      const reply = await ask({ path: '/admin/users', as: 'service', method: 'POST', body, signal });
      if (reply.is !== 'answer' || reply.status >= 300) return describeReply(reply);
      return { ...probe, id: typeof reply.body.id === 'string' ? reply.body.id : id };
    },

    /**
     * Also one whose making was never answered. Whoever stopped the doctor waits for this.
     * @returns why it is still there; null when it is gone
     */
    async remove(probe: Probe): Promise<string | null> {
      let why: string | null = null;
      for (let left = REMOVAL_TRIES; left > 0; left -= 1) {
        why = await whyThere(probe);
        if (why === null) return null;
        await sleep(500);
      }
      return why;
    },
  };
}

function isDone(reply: Reply): boolean {
  return reply.is === 'answer' && reply.status < 300;
}

interface Listed {
  readonly id: string;
  readonly email?: string;
  readonly created_at: string;
  readonly app_metadata?: Readonly<Record<string, unknown>>;
}
