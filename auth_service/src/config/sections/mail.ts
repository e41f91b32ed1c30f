import type { IdentityConfig, SmtpConfig } from '../config.ts';
import { port } from '../parsers/network.ts';
import { choice, emailAddress, text, word } from '../parsers/plain.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, variable } from '../variable.ts';

export const mailSection = {
  title: 'Mail',
  about: 'The mail server of the embedded identity server; Supabase sends its own mails.',
  variables: {
    host: variable({
      name: 'SMTP_HOST',
      parser: word('the name of the mail server'),
      example: 'smtp.your_domain.com',
      description: 'Mail server. Unset: no mail is sent (in development and testing it is shown instead).',
    }),
    port: variable({
      name: 'SMTP_PORT',
      parser: port,
      default: '587',
      description: 'Port of the mail server.',
    }),
    tls: variable({
      name: 'SMTP_TLS',
      parser: choice('starttls', 'implicit', 'none'),
      defaultMeaning: '`implicit` on port 465, else `starttls`',
      example: 'starttls',
      description: 'starttls (required, not merely tried), implicit or none.',
    }),
    user: variable({
      name: 'SMTP_USER',
      aliases: ['SMTP_USERNAME'],
      parser: text('a user name'),
      example: 'your_smtp_user',
      description: 'User at the mail server.',
    }),
    password: variable({
      name: 'SMTP_PASSWORD',
      aliases: ['SMTP_PASS'],
      parser: text('a password'),
      secrecy: 'secret',
      example: 'your_smtp_password',
      description: 'Password at the mail server.',
    }),
    from: variable({
      name: 'SMTP_FROM',
      aliases: ['SMTP_ADMIN_EMAIL'],
      parser: emailAddress,
      example: 'auth@your_domain.com',
      description: 'Sender address.',
    }),
    senderName: variable({
      name: 'SMTP_SENDER_NAME',
      parser: text('a name'),
      example: 'Accounts',
      description: 'Sender name.',
    }),
  },
} satisfies Section;

const { variables } = mailSection;
type MailValues = ValuesOf<typeof mailSection>;

export function assembleSmtp(
  values: MailValues,
  identity: IdentityConfig | null,
  reading: Reading,
): SmtpConfig | null {
  const { host, from } = values;
  if (host === null) {
    warnOfSilence(identity, reading);
    return null;
  }
  if (values.port === 0) {
    reading.fault(variables.port, 'is not a port number from 1 to 65535.', 'Set it to 587 or 465.');
  }
  if (from === null) reading.missing(variables.from, 'Set it to the address that mails come from.');
  const credentials = assembleCredentials(values, reading);
  const tls = values.tls ?? (values.port === 465 ? 'implicit' : 'starttls');
  if (tls === 'none' && credentials !== null && reading.isProduction) {
    const problem = 'is none, so that the password crosses the network in the clear.';
    reading.warn(variables.tls, problem, 'Set it to starttls or implicit.');
  }
  if (from === null) return null;
  return { host, port: values.port, tls, credentials, from, senderName: values.senderName };
}

function warnOfSilence(identity: IdentityConfig | null, reading: Reading): void {
  if (!reading.isProduction || identity?.kind !== 'embedded' || reading.isFaulty(variables.host)) return;
  const problem = 'is not set: no mail is sent, so that nobody can confirm an address or reset a password.';
  reading.warn(variables.host, problem, 'Set the SMTP_* variables to your mail server.');
}

function assembleCredentials(values: MailValues, reading: Reading): SmtpConfig['credentials'] {
  const { user, password } = values;
  if (user !== null && password !== null) return { user, password };
  if (user !== null) reading.missing(variables.password, 'Set it as well, since SMTP_USER is set.');
  if (password !== null) reading.missing(variables.user, 'Set it as well, since SMTP_PASSWORD is set.');
  return null;
}
