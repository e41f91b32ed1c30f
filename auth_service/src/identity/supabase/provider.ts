import { ServiceError } from '#errors';
import { errorContext } from '#observability';
import type { IdentityProvider, UserPrincipal } from '../types.ts';
import { createAccountAdministration } from './account-administration.ts';
import { createAccountChanges } from './account-changes.ts';
import { createAccounts } from './accounts.ts';
import { type Backfilled, createBackfill } from './backfill.ts';
import type { SupabaseDependencies } from './dependencies.ts';
import { createDiagnose, type DiagnosisOptions } from './doctor/diagnose.ts';
import type { Diagnosis } from './doctor/findings.ts';
import { createEnsureUser } from './ensure-user.ts';
import { own } from './own-account.ts';
import { meaningOf } from './refusal.ts';
import { createSignIn } from './sign-in.ts';
import { createSignUp } from './sign-up.ts';
import { createWorkbench, type Workbench } from './workbench.ts';

export interface SupabaseProvider extends IdentityProvider {
  /** Asks GoTrue one bounded question. @throws ServiceError `identity_unavailable`. */
  check(): Promise<void>;
  /**
   * Finds out whether our database is Supabase's, so that log-ins that have ended there are refused.
   * @returns false when GoTrue could not be asked. Never throws.
   */
  lookAround(): Promise<boolean>;
  /** @throws ServiceError `identity_unavailable`, `identity_misconfigured`. */
  backfill(onProgress?: (done: Backfilled) => void): Promise<Backfilled>;
  /**
   * Looks at every part on which log-ins stand, with a probe user, in less than half a minute. Needs no schema and no
   * other verb before it. Never throws.
   */
  diagnose(options: DiagnosisOptions): Promise<Diagnosis>;
}

/** Supabase Auth as keeper of the accounts: each verb is a request to GoTrue as the person it is for. */
export function createSupabaseProvider(dependencies: SupabaseDependencies): SupabaseProvider {
  const workbench = createWorkbench(dependencies);
  const accounts = createAccounts(workbench);
  const { gotrue, view, logger } = workbench;
  const { signIn, refresh, receive } = createSignIn(workbench);
  return {
    kind: 'supabase',
    signUp: createSignUp(workbench, accounts, { receive }),
    signIn,
    refresh,
    verify: createVerification(workbench),
    ...createAccountChanges(workbench),
    own: (principal) => own(workbench, principal),
    ensureUser: createEnsureUser(workbench, accounts),
    administration: createAccountAdministration(workbench, accounts),
    backfill: createBackfill(workbench, accounts),
    diagnose: createDiagnose(workbench),

    async check() {
      try {
        await gotrue.read('/health', 'anybody');
      } catch (error) {
        throw meaningOf(error);
      }
    },

    async lookAround() {
      try {
        const [somebody] = await accounts.list(1);
        const { id: userId = '', updated_at = '' } = somebody ?? {};
        if (userId !== '') await view.proveBy({ userId, updatedAt: new Date(updated_at) });
        return true;
      } catch (error) {
        logger.debug('Supabase Auth could not be looked at', { error: errorContext(error) });
        return false;
      }
    },
  };
}

/** One statement; the token itself is checked without a question to anybody. */
function createVerification({ tokens, view, revocations, ends }: Workbench) {
  return async (accessToken: string): Promise<UserPrincipal> => {
    const { issuedAt, startedAt, lifetime, ...token } = await tokens.read(accessToken);
    const { userId, sessionId } = token;
    if (revocations.isRevoked({ userId, sessionId, issuedAt, startedAt })) throw sessionEnded();
    ends.learnLifetime(lifetime);
    const { profile, login, isBanned, roles, permissions } = await view.standing(userId, sessionId);
    if (login === 'ended') throw sessionEnded();
    if (profile?.isActive === false || isBanned) {
      throw new ServiceError('invalid_token', 'The account may not be used.');
    }
    return { kind: 'user', ...token, roles, permissions };
  };
}

function sessionEnded(): ServiceError {
  return new ServiceError('invalid_token', 'The session has ended.');
}
