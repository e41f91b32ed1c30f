import assert from 'node:assert/strict';
import type { Replicas } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import {
  administratorAt,
  type Client,
  createClient,
  get,
  introspect,
  present,
  signUp,
  tokenOf,
} from './callers.ts';

export interface Issued {
  readonly token: string;
  /** Where our own API takes it. */
  readonly path: string;
  /** Ends it by way of the first replica. */
  revoke(): Promise<unknown>;
}

export interface World {
  readonly administrator: string;
  readonly watcher: Client;
  /** A new token, by way of the first replica, for each way to end one. */
  readonly issue: Readonly<Record<Way, () => Promise<Issued>>>;
}

export const WAYS = ['revoked', 'logged out', 'banned', 'password changed', 'client deactivated'] as const;
export type Way = (typeof WAYS)[number];

const ADMIN_PATH = '/admin/roles';
const ME = '/users/me';

export async function buildWorld({ urls: [url = ''] }: Pick<Replicas, 'urls'>): Promise<World> {
  const administrator = await administratorAt(url);
  const watcher = await createClient(url, administrator);

  async function issueToClient(revoke: (client: Client, token: string) => Promise<unknown>): Promise<Issued> {
    const client = await createClient(url, administrator);
    const token = await tokenOf(url, client);
    return { token, path: ADMIN_PATH, revoke: () => revoke(client, token) };
  }

  type Person = Awaited<ReturnType<typeof signUp>>;
  async function issueToPerson(revoke: (person: Person) => Promise<unknown>): Promise<Issued> {
    const person = await signUp(url);
    return { token: person.token, path: ME, revoke: () => revoke(person) };
  }

  const issue: World['issue'] = {
    revoked: () => issueToClient(({ basic }, token) => get(url, '/revoke', { as: basic, form: { token } })),
    'client deactivated': () =>
      issueToClient(({ id }) =>
        get(url, `/admin/clients/${id}`, {
          method: 'PATCH',
          as: administrator,
          json: { is_active: false },
        }),
      ),
    'logged out': () =>
      issueToPerson(({ token }) => get(url, '/users/logout', { as: token, json: { scope: 'local' } })),
    banned: () =>
      issueToPerson(({ id }) =>
        get(url, `/admin/users/${id}/ban`, { as: administrator, json: { ban_duration: '24h' } }),
      ),
    'password changed': () =>
      issueToPerson(async ({ email, password }) => {
        const { access_token } = await get(url, '/users/login', { json: { email, password } });
        await get(url, '/users/password/update', {
          method: 'PUT',
          as: access_token,
          json: { current_password: password, new_password: `${password} and more` },
        });
      }),
  };
  return { administrator, watcher, issue };
}

/** Every replica takes it, by both ways to ask. */
export async function assertGood(urls: readonly string[], { watcher }: World, issued: Issued): Promise<void> {
  for (const url of urls) {
    assert.equal(await introspect(url, watcher, issued.token), true);
    assert.equal(await present(url, issued.path, issued.token), 200);
  }
}

/** Waits until nobody takes it any more. */
export async function untilRefused(
  urls: readonly string[],
  { watcher }: World,
  { token, path }: Issued,
): Promise<void> {
  for (const url of urls) {
    await until(async () => (await introspect(url, watcher, token)) === false);
    await until(async () => (await present(url, path, token)) === 401);
  }
}

export const issueAll = ({ issue }: World): Promise<Issued[]> => Promise.all(WAYS.map((way) => issue[way]()));
