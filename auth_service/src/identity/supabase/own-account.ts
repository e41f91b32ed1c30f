import type { OwnAccount, UserPrincipal } from '../types.ts';
import { beganAt } from './access-tokens.ts';
import type { Workbench } from './workbench.ts';

/** As their token tells of them: it was issued to somebody who may come in. */
export function own(
  { revocations }: Pick<Workbench, 'revocations'>,
  person: Pick<UserPrincipal, 'userId' | 'sessionId' | 'email' | 'amr' | 'userMetadata'>,
): OwnAccount {
  const { userId, sessionId, email, amr, userMetadata } = person;
  return {
    async find(stores) {
      const startedAt = beganAt(amr);
      // Their account may have been deleted while this waited for its turn.
      if (await revocations.hasEnded(stores, { userId, sessionId, startedAt })) return null;
      return { id: userId, email, isConfirmed: true, userMetadata };
    },
  };
}
