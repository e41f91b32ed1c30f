/** What every chapter of the story works with: the processes, the teller, and a voice for each door. */
import type { OrdersCaller, PeopleCaller, TokenCaller } from './callers.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

export interface Scene {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly askToken: TokenCaller;
  readonly askPeople: PeopleCaller;
  /** orders-service for machines and people. */
  readonly askOrders: OrdersCaller;
  /** orders-service that was told of machines alone. */
  readonly askMachineOrders: OrdersCaller;
}

/** One command as one step. The story makes no sense without it, so that a refusal ends the story. */
export async function command(scene: Scene, ...argv: string[]): Promise<Record<string, unknown>> {
  const { ending, printed, said } = await scene.stage.run(...argv);
  if (scene.narrator.step(`auth-service ${argv.join(' ')}`, 'exit 0', ending)) return JSON.parse(printed);
  throw new Error(`The command said: ${said}`);
}
