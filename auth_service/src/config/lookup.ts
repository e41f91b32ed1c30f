import type { Variable } from './variable.ts';

export type EnvironmentTexts = Readonly<Record<string, string | undefined>>;
export type ReadFile = (path: string) => string;

export const PREFIX = 'AUTH_SERVICE_';
export const FILE_SUFFIX = '_FILE';

export type Found =
  | { readonly kind: 'unset' }
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  | { readonly kind: 'fault'; readonly name: string; readonly problem: string; readonly remedy: string };

export function bareName(name: string): string {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
}

/** The text of a variable: the prefixed names before the bare ones, each with its _FILE twin beside it. */
export function lookUp(variable: Variable, texts: EnvironmentTexts, readFile: ReadFile): Found {
  const bare = [variable.name, ...variable.aliases].map(bareName);
  for (const name of [...bare.map((each) => `${PREFIX}${each}`), ...bare]) {
    const direct = present(texts[name], variable);
    const path = texts[`${name}${FILE_SUFFIX}`]?.trim() ?? '';
    if (direct !== null && path !== '') return ambiguous(name);
    if (direct !== null) return { kind: 'text', name, text: direct };
    if (path !== '') return readMounted(`${name}${FILE_SUFFIX}`, path, variable, readFile);
  }
  return { kind: 'unset' };
}

function present(raw: string | undefined, variable: Variable): string | null {
  if (raw === undefined) return null;
  return raw.trim() === '' && !variable.isEmptyMeaningful ? null : clean(raw, variable);
}

/** Blanks may belong to a secret; the line break at its end comes from the tool that made it. */
function clean(raw: string, variable: Variable): string {
  return variable.secrecy === 'secret' ? raw.replace(/[\r\n]+$/, '') : raw.trim();
}

function ambiguous(name: string): Found {
  return {
    kind: 'fault',
    name,
    problem: `and ${name}${FILE_SUFFIX} are both set.`,
    remedy: 'Keep one of the two.',
  };
}

function readMounted(name: string, path: string, variable: Variable, readFile: ReadFile): Found {
  let raw: string;
  try {
    raw = readFile(path);
  } catch (error) {
    // The path is left out: somebody who mistook NAME_FILE for NAME would find the secret in the log.
    const code = (error as NodeJS.ErrnoException | null)?.code ?? 'unreadable';
    return {
      kind: 'fault',
      name,
      problem: `names a file that cannot be read (${code}).`,
      remedy: 'Check that the path is right, that the file is mounted and that this user may read it.',
    };
  }
  if (raw.trim() === '' && !variable.isEmptyMeaningful) {
    return {
      kind: 'fault',
      name,
      problem: 'names an empty file.',
      remedy: `Put the value into the file, or unset ${name}.`,
    };
  }
  return { kind: 'text', name, text: clean(raw, variable) };
}
