import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '#crypto';
import type { SupabaseDependencies } from '../dependencies.ts';
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
const PER_PAGE = 100;
/** Strangers may bear such addresses, or say so in their metadata, and fill pages. The newest come first. */
const PAGES_AT_MOST = 20;

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

/** The probe user at GoTrue, by its admin API, and what it has in our database. None of these throws. */
export function createProbes(ask: Ask, storage: Pick<SupabaseDependencies['storage'], 'transaction'>) {
  async function hasNoProfile(id: string): Promise<boolean> {
    try {
      await storage.transaction(({ profiles }) => profiles.delete(id));
      return true;
    } catch {
      return false;
    }
  }

  async function remove(id: string, signal: AbortSignal): Promise<Reply> {
    return await ask({ path: `/admin/users/${id}`, as: 'service', method: 'DELETE', body: {}, signal });
  }

  /** Users with our address and mark; who only has such an address is somebody. */
  async function find(pagesAtMost: number, signal: AbortSignal) {
    const users: Listed[] = [];
    let date: Date | null = null;
    for (let page = 1; page <= pagesAtMost; page += 1) {
      const search = new URLSearchParams({ filter: PREFIX, page: `${page}`, per_page: `${PER_PAGE}` });
      const reply = await ask({ path: `/admin/users?${search}`, as: 'service', signal });
      if (reply.is !== 'answer' || !Array.isArray(reply.body.users))
        return page === 1 ? null : { users, date };
      date ??= reply.date;
      const listed = reply.body.users as Listed[];
      users.push(...listed.filter(isOurs));
      if (listed.length < PER_PAGE) break;
    }
    return { users, date };
  }

  /** @returns why it is not; null when it is */
  async function whyThere({ id, email }: Probe): Promise<string | null> {
    const signal = AbortSignal.timeout(REMOVED_WITHIN_MS);
    const reply = await remove(id, signal);
    if (isDone(reply)) return null;
    if (reply.is !== 'answer' || reply.code !== 'user_not_found') return describeReply(reply);
    // An older GoTrue chooses the id itself, and its answer may have been lost.
    const found = await find(1, signal);
    if (found === null) return 'its users cannot be listed';
    const left = found.users.find((user) => user.email === email);
    if (left === undefined) return null;
    const again = await remove(left.id, signal);
    return isDone(again) ? null : describeReply(again);
  }

  return {
    /** Those of earlier runs that were cut short. @returns how many went */
    async sweep(signal: AbortSignal): Promise<number> {
      const found = await find(PAGES_AT_MOST, signal);
      const before = (found?.date?.getTime() ?? 0) - LEFT_OVER_AFTER_MS;
      const old = found?.users.filter(({ created_at }) => Date.parse(created_at) < before) ?? [];
      let removed = 0;
      for (const { id } of old) {
        // Else nobody would know any more whose profile it is.
        if (!(await hasNoProfile(id))) break;
        if (isDone(await remove(id, signal))) removed += 1;
      }
      return removed;
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
     * @param mayHaveProfile where it has not been given one, our database need not be asked
     * @returns why it is still there; null when it is gone
     */
    async remove(probe: Probe, mayHaveProfile: boolean): Promise<string | null> {
      let why: string | null = null;
      for (let left = REMOVAL_TRIES; left > 0; left -= 1) {
        const isAlone = !mayHaveProfile || (await hasNoProfile(probe.id));
        why = isAlone ? await whyThere(probe) : 'its profile cannot be deleted here';
        if (why === null) return null;
        await sleep(500);
      }
      return why;
    },
  };
}

function isOurs({ email = '', app_metadata }: Listed): boolean {
  return email.startsWith(PREFIX) && email.endsWith(DOMAIN) && app_metadata?.[MARK] === true;
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
