import type { SocialProvider } from '../config.ts';
import { bareName, type EnvironmentTexts, FILE_SUFFIX } from '../lookup.ts';
import { text, word } from '../parsers/plain.ts';
import { baseUrl, isUnprotected } from '../parsers/urls.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, type Variable, variable } from '../variable.ts';

const KNOWN = {
  GOOGLE: 'Google',
  GITHUB: 'GitHub',
  MICROSOFT: 'Microsoft',
  APPLE: 'Apple',
  GITLAB: 'GitLab',
};
/** Words that stand in the place of a provider in the paths below /login. */
const RESERVED = ['exchange', 'magiclink'];

function clientId(provider: string, title: string): Variable<string | null> {
  return variable({
    name: `${provider}_CLIENT_ID`,
    parser: word('a client id'),
    example: `your_${provider.toLowerCase()}_client_id`,
    description: `Client id at ${title}.`,
  });
}

function clientSecret(provider: string, title: string): Variable<string | null> {
  return variable({
    name: `${provider}_CLIENT_SECRET`,
    parser: text('a client secret'),
    secrecy: 'secret',
    example: `your_${provider.toLowerCase()}_client_secret`,
    description: `Client secret at ${title}.`,
  });
}

function knownProviders(): Record<string, Variable<string | null>> {
  const pairs = Object.entries(KNOWN).flatMap(([name, title]) => [
    clientId(name, title),
    clientSecret(name, title),
  ]);
  return Object.fromEntries(pairs.map((each) => [each.name, each]));
}

const ANY = 'OIDC_<NAME>';
const ANY_PARTS = /^OIDC_([A-Z0-9]+(?:_[A-Z0-9]+)*?)_(ISSUER|CLIENT_ID|CLIENT_SECRET)$/;

const anyIssuer = variable({
  name: `${ANY}_ISSUER`,
  parser: baseUrl('the URL of an OpenID Connect issuer'),
  example: 'https://login.your_domain.com',
  description:
    'Issuer of a provider of your own. NAME, in small letters and with `-` for `_`, is its name in the paths.',
});
const anyClientId = { ...clientId(ANY, 'that provider'), example: 'your_oidc_client_id' };
const anyClientSecret = { ...clientSecret(ANY, 'that provider'), example: 'your_oidc_client_secret' };

export const socialLoginSection = {
  title: 'Social login',
  about: 'Logins through other providers; a provider is on once its client id and secret are set.',
  variables: knownProviders(),
  patterns: [anyIssuer, anyClientId, anyClientSecret],
} satisfies Section;

/** Whether a bare name is one of the OIDC_<NAME>_… variables. */
export function isProviderVariable(name: string): boolean {
  return ANY_PARTS.test(name);
}

export function assembleSocialProviders(
  values: ValuesOf<typeof socialLoginSection>,
  texts: EnvironmentTexts,
  reading: Reading,
): readonly SocialProvider[] {
  const known = Object.keys(KNOWN).flatMap((name): SocialProvider[] => {
    const id = socialLoginSection.variables[`${name}_CLIENT_ID`];
    const secret = socialLoginSection.variables[`${name}_CLIENT_SECRET`];
    if (id === undefined || secret === undefined) return [];
    const pair = { clientId: values[id.name] ?? null, clientSecret: values[secret.name] ?? null };
    return complete(name, { issuer: null, ...pair }, [id, secret], reading);
  });
  return [...known, ...customNames(texts).flatMap((name) => readCustom(name, reading))];
}

function customNames(texts: EnvironmentTexts): readonly string[] {
  const names = Object.entries(texts).flatMap(([key, value]) => {
    const bare = bareName(key);
    const name = ANY_PARTS.exec(bare.endsWith(FILE_SUFFIX) ? bare.slice(0, -FILE_SUFFIX.length) : bare)?.[1];
    return name === undefined || (value ?? '').trim() === '' ? [] : [name];
  });
  return [...new Set(names)].sort();
}

function readCustom(name: string, reading: Reading): readonly SocialProvider[] {
  const named = <T>(pattern: Variable<T>): Variable<T> => ({
    ...pattern,
    name: pattern.name.replace(ANY, `OIDC_${name}`),
  });
  const [issuer, id, secret] = [named(anyIssuer), named(anyClientId), named(anyClientSecret)];
  const given = {
    issuer: reading.read(issuer),
    clientId: reading.read(id),
    clientSecret: reading.read(secret),
  };
  if (name in KNOWN || RESERVED.includes(pathNameOf(name))) {
    reading.fault(
      issuer,
      `would name a provider ${pathNameOf(name)}, which is taken.`,
      'Choose another NAME.',
    );
  }
  if (given.issuer !== null && reading.isProduction && isUnprotected(given.issuer)) {
    reading.fault(issuer, 'is not an https URL.', 'Use https.');
  }
  return given.issuer === null ? incomplete(issuer, reading) : complete(name, given, [id, secret], reading);
}

function complete(
  name: string,
  given: { issuer: string | null; clientId: string | null; clientSecret: string | null },
  [idVariable, secretVariable]: readonly [Variable, Variable],
  reading: Reading,
): SocialProvider[] {
  const { issuer, clientId: id, clientSecret: secret } = given;
  if (id !== null && secret !== null) {
    return [{ name: pathNameOf(name), issuer, clientId: id, clientSecret: secret }];
  }
  const isWanted = issuer !== null || id !== null || secret !== null;
  if (isWanted && id === null) incomplete(idVariable, reading);
  if (isWanted && secret === null) incomplete(secretVariable, reading);
  return [];
}

function incomplete(variable: Variable, reading: Reading): [] {
  reading.missing(variable, `Set it to ${variable.parser.form}, or unset the rest of this provider.`);
  return [];
}

function pathNameOf(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
