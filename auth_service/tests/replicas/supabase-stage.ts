import { type GotrueDouble, startGotrue } from '../support/gotrue/double.ts';
import type { GotrueOptions } from '../support/gotrue/options.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

export interface SupabaseStage extends Replicas {
  readonly gotrue: GotrueDouble;
  /** The way of all replicas to GoTrue. */
  readonly line: TcpProxy;
}

export interface SupabaseStageOptions {
  readonly count?: number;
  readonly gotrue?: GotrueOptions;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Replicas whose people are kept by a GoTrue, in the same database. */
export async function startSupabaseStage(options: SupabaseStageOptions = {}): Promise<SupabaseStage> {
  await using opened = new AsyncDisposableStack();
  const { config, drop } = await createPostgresDatabase({ migrated: false });
  opened.defer(drop);
  const mirror = { url: config.url };
  const gotrue = opened.use(await startGotrue({ confirmsAutomatically: true, mirror, ...options.gotrue }));
  const line = opened.use(await startTcpProxy(Number(new URL(gotrue.url).port)));
  const replicas = opened.use(
    await startReplicas({
      count: options.count ?? 2,
      databaseUrl: config.url,
      settings: {
        IDENTITY: 'supabase',
        SUPABASE_URL: `http://127.0.0.1:${line.port}`,
        SUPABASE_ANON_KEY: gotrue.anonKey,
        SUPABASE_SERVICE_ROLE_KEY: gotrue.serviceRoleKey,
        SUPABASE_JWT_ISSUER: gotrue.issuer,
        MAILER_AUTOCONFIRM: '',
        ...options.settings,
      },
    }),
  );
  const owned = opened.move();
  return { ...replicas, gotrue, line, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
