/**
 * Replaces what looks like a secret in a finished log line. It works on JSON text, so that nothing escapes by its
 * depth, in an error's stack or in a name; hence every pattern leaves the text valid JSON: none ends within an escape
 * such as `\"`, none starts within one. Quantifiers that may fail are bounded: lines hold text of strangers.
 */
export function redactLine(line: string): string {
  if (!isSuspicious(line)) return line;
  return line
    .replace(PRIVATE_KEY, REDACTED)
    .replace(JSON_WEB_TOKEN, (found) => (found.startsWith('\\') ? found : REDACTED))
    .replace(AUTHORIZATION, redactAuthorization)
    .replace(HEADER, `$1${REDACTED}`)
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(PREFIXED_SECRET, REDACTED)
    .replace(PASSWORD_HASH, REDACTED)
    .replace(QUERY_PAIR, `$1${REDACTED}`)
    .replace(NAMED_PAIR, `$1${REDACTED}`)
    .replace(QUOTED_PAIR, `$1${REDACTED}`)
    .replace(EMAIL, maskEmail);
}

export const REDACTED = '[redacted]';

// Nearly all lines hold nothing. Three searches, for V8 runs each of them several times faster than one of all: single
// characters (pairs, e-mails, hashes, escapes: a key in PEM has line feeds), short marks, words.
const CHARACTERS = /[@=$'%\\]/;
const MARKS = /:\/\/|eyJ|pas_|par_|sb_secret_/;
const WORDS = /bearer|basic|dpop|cookie:|authorization:|api-key:/i;

function isSuspicious(line: string): boolean {
  return CHARACTERS.test(line) || MARKS.test(line) || WORDS.test(line);
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:\\.|[^"\\])*/g;

// `{"` in base64url. The escape comes first, for `\u000eyJ…` must stay an escape.
const JSON_WEB_TOKEN = /\\(?:u[\da-f]{4}|.)|eyJ[\w-]{8,}(?:\.[\w-]*)*/g;

const AUTHORIZATION = /(bearer|basic|dpop)((?:\s|%20|\\[tnr])+)([\w.~+/=-]{4,})/gi;
const WORDS_AFTER_SCHEME =
  /^(?:tokens?|realm|auth|authentication|authorization|schemes?|headers?|credentials?|proofs?|error|scope|required|missing)=?\.?$/i;

function redactAuthorization(found: string, scheme: string, gap: string, value: string): string {
  if (WORDS_AFTER_SCHEME.test(value)) return found;
  // Base64 of any length worth the name has more than small letters: "basic checks passed" is prose.
  if (scheme.toLowerCase() === 'basic' && /^[a-z]+\.?$/.test(value)) return found;
  return `${scheme}${gap}${REDACTED}`;
}

const HEADER = /((?:cookie|authorization|x-api-key):\s*)(?:\\["\\/]|[^"\\])+/gi;

// Up to the last @ of the word, since passwords are not always encoded as they should be; a port is no password.
const URL_PASSWORD = /(:\/\/[^\s:@/"\\]{0,256}:)(?!\d{1,5}[/?#])(?:\\["\\/]|[^\s"\\]){1,512}@/g;

const PREFIXED_SECRET = /(?:pas_|par_|sb_secret_)[\w-]{8,}/g;

const PASSWORD_HASH =
  /\$2[abxy]?\$\d\d\$[./A-Za-z\d]{20,}|\$(?:argon2\w{0,3}|scrypt|pbkdf2[\w-]{0,12})\$[\w$=,+/.-]+/g;

const NAMES =
  'password|passwd|passphrase|pwd|secret|token|token_?hash|api[_-]?key|otp|code_?verifier|assertion|private_?key';

const QUERY_PAIR = /([?&#](?:code|state|nonce|key)=)[^\s&"\\#]+/gi;
const NAMED_PAIR = new RegExp(
  `((?:${NAMES})=)(?:'(?:\\\\.|[^'"\\\\])*'?|(?:\\\\["\\\\/]|[^\\s&;,"'\\\\])+)`,
  'gi',
);

// JSON or inspected objects inside a text: \"password\":\"…\" or password: '…'.
const QUOTED_PAIR = new RegExp(
  `((?:${NAMES})(?:\\\\*["'])?\\s{0,9}:\\s{0,9}(?:\\\\+"|'))(?:\\\\{2,}.|[^"'\\\\])+`,
  'gi',
);

const EMAIL = /\\(?:u[\da-f]{4}|.)|([\p{L}\p{N}._%+'-]{1,64})(@|%40)([\p{L}\p{N}][\p{L}\p{N}.-]{0,252})/giu;

function maskEmail(found: string, local?: string, at?: string, domain?: string): string {
  // Versions (`pino@10.4.0`) have no letter behind the @.
  if (local === undefined || domain === undefined || !/\p{L}/u.test(domain)) return found;
  return `${String.fromCodePoint(local.codePointAt(0) ?? 0x2a)}***${at}${domain}`;
}
