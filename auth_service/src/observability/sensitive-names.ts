/** Anywhere in a name, whatever its case and separators: `clientSecret`, `X-Api-Key`, `password_hash`. */
const TELLING_PARTS = [
  'password',
  'passwd',
  'passphrase',
  'secret',
  'authorization',
  'cookie',
  'apikey',
  'privatekey',
  'encryptionkey',
  'servicerolekey',
  'anonkey',
  'codeverifier',
  'tokenhash',
  'otpauth',
  'credential',
  'recoverycode',
  'backupcode',
  'actionlink',
  'magiclink',
  'rawheaders',
];
const TELLING_ENDS = ['token', 'otp', 'jwt', 'assertion', 'dpop', 'nonce'];
const TELLING_NAMES = ['pwd', 'pass', 'pw', 'pin', 'csrf'];
/** `secret_id`, `token_type`, `authorizationEndpoint` tell about a secret without being one. */
const HARMLESS_ENDS = [
  'id',
  'ids',
  'hint',
  'type',
  'at',
  'count',
  'seconds',
  'minutes',
  'endpoint',
  'algorithm',
  'method',
];

const MAX_NAME = 128;

/** Whether what stands under this name must not be shown. */
export function isSensitiveName(name: string): boolean {
  if (name.length > MAX_NAME) return true;
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z\d]+/);
  const last = words.at(-1) ?? '';
  if (words.length > 1 && HARMLESS_ENDS.includes(last)) return false;
  const plain = words.join('').replace(/s$/, '');
  return (
    TELLING_NAMES.includes(plain) ||
    TELLING_ENDS.some((end) => plain.endsWith(end)) ||
    TELLING_PARTS.some((part) => words.join('').includes(part))
  );
}

/** Members of a JSON Web Key that are private (RFC 7518 §6). */
export const PRIVATE_JWK_MEMBERS: ReadonlySet<string> = new Set([
  'd',
  'p',
  'q',
  'dp',
  'dq',
  'qi',
  'oth',
  'k',
]);
