import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const SERVICE = join(import.meta.dirname, '../..');

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly labels?: readonly string[];
  readonly profiles?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly read_only?: boolean;
  readonly restart?: string;
  readonly user?: string;
  readonly init?: boolean;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly cpus?: string | number;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly logging?: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<
    Record<
      string,
      {
        external?: boolean;
        internal?: boolean;
        name?: string;
        ipam?: { config: readonly { subnet: string }[] };
      }
    >
  >;
  readonly volumes: Readonly<Record<string, object>>;
}

export const PROD = 'docker-compose.prod.yml';
export const STANDALONE = 'docker-compose.standalone.yml';

export const textOf = (file: string) => readFileSync(join(SERVICE, file), 'utf8');

/** A Compose file as Compose reads it: anchors merged, `.env` filled in. */
export function readCompose(file: string, env: Readonly<Record<string, string>>): ComposeFile {
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return interpolate(value, env);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each)]));
  };
  return fill(parse(textOf(file), { merge: true })) as ComposeFile;
}

/** `${NAME}`, `${NAME:-default}`, `${NAME:?fault}` and `$$`. */
function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(
    /\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (whole, name?: string, kind?: string, rest = '') => {
      if (name === undefined) return whole === '$$' ? '$' : whole;
      const value = env[name] ?? '';
      if (value !== '' || kind === undefined) return value;
      if (kind === '?') throw new Error(rest);
      return rest;
    },
  );
}
