/** Where the text is inside of an object, with the names so far, or of an array. */
interface Level {
  /** Null: an array. */
  readonly names: Set<string> | null;
  /** The member or the index that the text is at. */
  at: string | number;
}

/**
 * The first member that stands twice in one object, at any depth, as a path (`jwks.keys.0.kty`). `JSON.parse` keeps the
 * last of them in silence, so that two readers of one request could see two different ones (RFC 8259 §4).
 * @param text valid JSON
 */
export function repeatedMember(text: string): string | null {
  return findMember(text, (name, levels) =>
    levels.at(-1)?.names?.has(name) ? levels.map((level) => level.at).join('.') : null,
  );
}

/**
 * The names of a JSON object as they stand in its text, repeated ones included, without those further in.
 * @param text valid JSON whose top level is an object
 */
export function topLevelNames(text: string): string[] {
  const names: string[] = [];
  findMember(text, (name, { length }) => {
    if (length === 1) names.push(name);
    return null;
  });
  return names;
}

/**
 * Shows each name of a member, before it is among those of its object, until it is the one that is looked for. One pass,
 * without recursion.
 */
function findMember<Found>(
  text: string,
  look: (name: string, levels: readonly Level[]) => Found | null,
): Found | null {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    const level = levels.at(-1);
    if (character === '{') levels.push({ names: new Set(), at: '' });
    else if (character === '[') levels.push({ names: null, at: 0 });
    else if (character === '}' || character === ']') levels.pop();
    else if (character === ',' && typeof level?.at === 'number') level.at += 1;
    else if (character === '"') {
      const end = endOfString(text, at);
      if (level?.names && isName(text, end)) {
        level.at = JSON.parse(text.slice(at, end)) as string;
        const found = look(level.at, levels);
        if (found !== null) return found;
        level.names.add(level.at);
      }
      at = end - 1;
    }
  }
  return null;
}

/** @returns the index after the closing quote */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** In valid JSON a string before a colon is the name of a member. */
function isName(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at += 1;
  return text[at] === ':';
}
