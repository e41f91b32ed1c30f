/** The Compose files as they stand, with an environment of this run, in a folder of its own. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE } from './build.ts';
import { attempt, type CommandOptions, command, type Outcome } from './command.ts';
import type { Engine } from './engine.ts';
import { environmentFile, SECRETS } from './environment.ts';

const SERVICE = join(import.meta.dirname, '../../auth_service');
const FILES = ['docker-compose.prod.yml', 'docker-compose.standalone.yml'];
export const PROJECT = 'paservices-image-test';
export const NETWORKS = { edge: `${PROJECT}_edge`, database: `${PROJECT}_database` };
const DOMAIN = 'auth.example.org';
const TIMEOUT_MS = 120_000;

export interface Stack extends AsyncDisposable {
  /** Both files laid together; a command that fails throws. */
  compose(...words: readonly string[]): Promise<string>;
  /** As `compose`, whatever comes of it. */
  tryTo(...words: readonly string[]): Promise<Outcome>;
  /** The first file alone, as it is beside a Supabase. */
  besideSupabase(...words: readonly string[]): Promise<string>;
}

/** Compose v2, or what Debian has in its place. Null: neither. */
export async function findCompose(): Promise<{ words: readonly string[]; version: string } | null> {
  for (const words of [['docker', 'compose'], ['docker-compose']]) {
    const { code, stdout } = await attempt([...words, 'version', '--short']);
    if (code === 0) return { words, version: stdout.trim() };
  }
  return null;
}

export async function openStack(engine: Engine, tool: readonly string[]): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'paservices-stack-'));
  const home = join(folder, 'auth_service');
  mkdirSync(home);
  for (const file of FILES) cpSync(join(SERVICE, file), join(home, file));
  const tag = IMAGE.slice(IMAGE.lastIndexOf(':') + 1);
  const settings = { ACME_EMAIL: 'you@example.org', AUTH_DOMAIN: DOMAIN, IMAGE_TAG: tag };
  writeFileSync(join(home, '.env'), environmentFile({ ...settings, ...ofThisRun(engine) }));
  writeFileSync(join(home, '.env.production'), environmentFile({ ...SECRETS, SHUTDOWN_DELAY_SECONDS: '1' }), {
    mode: 0o600,
  });

  const options: CommandOptions = {
    cwd: home,
    env: { ...engine.env, COMPOSE_PROJECT_NAME: PROJECT, COMPOSE_INTERACTIVE_NO_CLI: '1' },
    timeoutMs: TIMEOUT_MS,
  };
  const all = [...tool, ...FILES.flatMap((file) => ['-f', file])];
  return {
    compose: (...words) => command([...all, ...words], options),
    tryTo: (...words) => attempt([...all, ...words], options),
    besideSupabase: (...words) => command([...tool, '-f', FILES[0] ?? '', ...words], options),
    async [Symbol.asyncDispose]() {
      await attempt([...all, 'down', '--volumes', '--timeout', '10', '--remove-orphans'], options);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Beside a stack that may run on this machine for good. */
function ofThisRun(engine: Engine) {
  return {
    DOCKER_SOCKET: engine.socket,
    EDGE_NETWORK: NETWORKS.edge,
    EDGE_SUBNET: '172.29.213.240/28',
    DATABASE_NETWORK: NETWORKS.database,
    // Nobody is asked for certificates.
    ACME_CA_SERVER: 'https://127.0.0.1:1/directory',
  };
}
