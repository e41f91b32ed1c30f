const LEAST_LENGTH = 12;
const LEAST_DISTINCT_CHARACTERS = 5;

const COMMON_WORDS = [
  'admin',
  'administrator',
  'auth',
  'change',
  'changeit',
  'default',
  'demo',
  'example',
  'initial',
  'iloveyou',
  'letmein',
  'login',
  'me',
  'my',
  'pass',
  'passwd',
  'password',
  'postgres',
  'qwerty',
  'qwertyuiop',
  'root',
  'sample',
  'secret',
  'secure',
  'service',
  'super',
  'supabase',
  'temp',
  'test',
  'this',
  'user',
  'welcome',
];

const LOOKALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** Why a password is too easy to guess for an administrator, or null. */
export function weaknessOf(password: string, email: string | null): string | null {
  if ([...password].length < LEAST_LENGTH) return `has fewer than ${LEAST_LENGTH} characters.`;
  if (new Set(password).size < LEAST_DISTINCT_CHARACTERS) return 'repeats a few characters.';
  if (password.toLowerCase() === email?.toLowerCase()) return 'is the e-mail address itself.';
  const mailName = lettersOf(email?.split('@')[0] ?? '');
  const words = [...COMMON_WORDS, ...(mailName === '' ? [] : [mailName])];
  const isCommon = new RegExp(`^(?:${words.join('|')})*$`).test(lettersOf(password));
  return isCommon ? 'is a default, or made of words that are tried first.' : null;
}

/** "P@ssw0rd-123!" → "password": digits and signs at the ends fall away, within a word they stand for letters. */
function lettersOf(text: string): string {
  const core = text.toLowerCase().replace(/^[^\p{L}@$]+|[^\p{L}]+$/gu, '');
  return core.replace(/\P{L}/gu, (character) => LOOKALIKES[character] ?? '');
}
