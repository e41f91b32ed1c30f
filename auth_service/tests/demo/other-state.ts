/** What other-server.ts keeps in one file of DATA_DIR, where its commands and its server meet. */
import { generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Secret {
  readonly id: string;
  readonly text: string;
}

interface Client {
  secrets: Secret[];
  readonly roles: string[];
  readonly lifetimeSeconds: number;
}

interface State {
  readonly privateJwk: JsonWebKey;
  /** The permissions of each. */
  readonly roles: Record<string, string[]>;
  readonly clients: Record<string, Client>;
}

export interface OtherState {
  begin(): void;
  read(): State;
  change<T>(work: (state: State) => T): T;
}

export function createOtherState(folder: string): OtherState {
  const path = join(folder, 'state.json');
  const read = (): State => JSON.parse(readFileSync(path, 'utf8'));
  const write = (state: State) => writeFileSync(path, JSON.stringify(state));

  return {
    begin() {
      mkdirSync(folder, { recursive: true });
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const roles = { user: [], admin: ['role:admin_manage'] };
      if (!existsSync(path)) write({ privateJwk: privateKey.export({ format: 'jwk' }), roles, clients: {} });
    },
    read,
    change(work) {
      const state = read();
      const result = work(state);
      write(state);
      return result;
    },
  };
}

export function makeSecret(): Secret {
  return { id: randomUUID(), text: `pas_${randomUUID()}` };
}

export function permissionsOf({ roles }: State, held: readonly string[]): string[] {
  return held.flatMap((role) => roles[role] ?? []);
}
