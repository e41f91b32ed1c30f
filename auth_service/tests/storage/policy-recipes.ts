import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RawConnection } from '../support/raw-connection.ts';
import { asRole } from './supabase.ts';

const DOCUMENT = resolve(import.meta.dirname, '../../../docs/supabase.md');

export const ADA = '0198c0de-0000-7000-8000-00000000000a';
export const BOB = '0198c0de-0000-7000-8000-00000000000b';

/** As Supabase makes it. */
const AUTH_UID = `
  create schema if not exists auth;
  grant usage on schema auth to anon, authenticated;
  create or replace function auth.uid() returns uuid language sql stable as $$
    select coalesce(
      nullif(current_setting('request.jwt.claim.sub', true), ''),
      nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    )::uuid
  $$;`;

type Query = RawConnection['query'];

export function readDocument(): string {
  return readFileSync(DOCUMENT, 'utf8');
}

/** The SQL of the document below one heading, up to the next, block by block. */
export function recipe(heading: string): string[] {
  const section = readDocument()
    .split(/^#{2,3} /m)
    .find((text) => text.startsWith(`${heading}\n`));
  const blocks = [...(section ?? '').matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, sql = '']) => sql);
  if (blocks.length === 0) throw new Error(`no SQL below "${heading}"`);
  return blocks;
}

/** The table of the document with an order of Ada's and one of Bob's, and the policies below these headings. */
export async function prepareOrders(query: Query, ...headings: readonly string[]): Promise<void> {
  await query(`drop table if exists public.orders; ${AUTH_UID}`);
  const recipes = headings.flatMap((heading) => recipe(heading));
  await query([...recipe('Row level security'), ...recipes].join('\n'));
  // Supabase's default for tables in `public`: what keeps anon out has to be the policies.
  await query('grant all on public.orders to anon, authenticated');
  await query(`insert into public.orders (owner_id, total) values ('${ADA}', 1), ('${BOB}', 2)`);
}

/** What PostgREST does for a request: the role and the claims, for one transaction; rolled back here. */
export async function asRequest<T>(
  query: Query,
  { role = 'authenticated', claims }: { role?: string; claims: unknown },
  work: () => Promise<T>,
): Promise<T> {
  return asRole(query, role, async () => {
    const text = typeof claims === 'string' ? claims : JSON.stringify(claims);
    if (claims !== undefined) await query(`select set_config('request.jwt.claims', $1, true)`, [text]);
    return work();
  });
}

export function claimsWith(permissions: readonly string[], sub: string = ADA): object {
  return { sub, role: 'authenticated', app_metadata: { roles: [], permissions } };
}

export async function rolledBack<T>(query: Query, work: () => Promise<T>): Promise<T> {
  await query('begin');
  try {
    return await work();
  } finally {
    await query('rollback');
  }
}
