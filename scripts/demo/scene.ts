/** What every chapter of the story works with: the processes, the teller, and a voice for each door. */
import type {
  AdminCaller,
  AdminRoute,
  Credentials,
  OrdersCaller,
  PeopleCaller,
  PersonReply,
  TokenCaller,
} from './callers.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

export interface Scene {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly askToken: TokenCaller;
  readonly askPeople: PeopleCaller;
  readonly askAdmin: AdminCaller;
  /** orders-service for machines and people. */
  readonly askOrders: OrdersCaller;
  /** orders-service that was told of machines alone. */
  readonly askMachineOrders: OrdersCaller;
}

/** A person or a client, with a token of theirs. */
export interface Principal {
  readonly id: string;
  readonly token: string;
}

/** One command as one step. The story makes no sense without it, so that a refusal ends the story. */
export async function command(scene: Scene, ...argv: string[]): Promise<Record<string, unknown>> {
  const { ending, printed, said } = await scene.stage.run(...argv);
  if (scene.narrator.step(`auth-service ${argv.join(' ')}`, 'exit 0', ending)) return JSON.parse(printed);
  throw new Error(`The command said: ${said}`);
}

/** The same over HTTP: one request of administration by somebody who may. */
export async function order(
  { narrator, askAdmin }: Scene,
  { token }: Principal,
  on: AdminRoute,
  body: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const [method, path] = on.split(' ');
  const reply = await askAdmin(on, { token, body });
  const what = `${method} /admin${path} ${Object.values(body).flat().join(' ')}`;
  if (narrator.step(what, '201', reply.words)) return reply.body;
  throw new Error(`The service said: ${reply.body.detail}`);
}

export async function createClient(
  scene: Scene,
  by: Principal,
  name: string,
  role: string,
): Promise<Credentials> {
  const made = await order(scene, by, 'POST /clients', { client_name: name, assigned_roles: [role] });
  return { id: String(made.client_id), secret: String(made.client_secret) };
}

export function refresh(
  { askPeople }: Scene,
  { refreshToken }: Pick<PersonReply, 'refreshToken'>,
): Promise<PersonReply> {
  return askPeople('POST /token/refresh', { body: { refresh_token: refreshToken } });
}
