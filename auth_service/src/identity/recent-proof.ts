import type { Bearer } from './types.ts';

/** How recent a proof by mail must be to set a password without knowing the old one. */
const RECENT_PROOF_SECONDS = 600;
const PROOFS_BY_MAIL: readonly string[] = ['recovery', 'otp', 'magiclink'];

/** Whether the session was born of a mail that was answered a short while ago. */
export function hasRecentProofByMail({ principal }: Bearer, now: Date): boolean {
  const [newest] = principal.amr;
  const nowSeconds = now.getTime() / 1000;
  return (
    newest !== undefined &&
    PROOFS_BY_MAIL.includes(newest.method) &&
    nowSeconds - newest.timestamp <= RECENT_PROOF_SECONDS
  );
}
