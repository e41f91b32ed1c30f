import { type Finding, ok, warning } from './findings.ts';
import type { Reply } from './question.ts';

/** How accounts prove their address. @param reply to the question for the settings */
export function judgeMail(reply: Reply, isProduction: boolean): Finding[] {
  if (reply.is !== 'answer' || reply.status !== 200) return [];
  const confirmsByItself = reply.body.mailer_autoconfirm === true;
  return [judgeAutoconfirm(confirmsByItself, isProduction), judgeSending(confirmsByItself)];
}

function judgeAutoconfirm(confirmsByItself: boolean, isProduction: boolean): Finding {
  if (!confirmsByItself) return ok('autoconfirm', 'New accounts are confirmed by mail.');
  if (!isProduction)
    return ok('autoconfirm', 'New accounts confirm themselves, which will do outside production.');
  return warning('autoconfirm', {
    detail: 'New accounts confirm themselves.',
    cause:
      'GOTRUE_MAILER_AUTOCONFIRM is on, so that anybody can use an account under an address that is not theirs.',
    remedy:
      "Set ENABLE_EMAIL_AUTOCONFIRM=false in Supabase's .env and `docker compose up -d auth`; cloud: Authentication → Sign In / Providers → Email → Confirm email.",
  });
}

/** A registration whose mail never leaves is answered like any other. */
function judgeSending(confirmsByItself: boolean): Finding {
  if (confirmsByItself) return ok('mail', 'No mail is needed to come in after a registration.');
  return warning('mail', {
    detail: 'Whether mails leave cannot be seen from here, and without one nobody new comes in.',
    cause:
      'Supabase Auth tells nobody where it sends mails. The mail server of its stock .env, supabase-mail, does not exist, and the one of the cloud sends a few mails an hour, to members of your team.',
    remedy:
      'Register an address of yours (POST /auth/users/register), and see that the mail arrives. Otherwise self-hosted: set SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASS and SMTP_ADMIN_EMAIL in .env, `docker compose up -d auth`, and see `docker compose logs auth`; cloud: Authentication → Emails → SMTP Settings.',
  });
}
