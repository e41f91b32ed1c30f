/**
 * The keys of a JSON object as they stand in its text, repeated ones included: `JSON.parse` keeps the last of them in
 * silence, so that two readers of one request could see two different clients.
 * @param text valid JSON whose top level is an object
 */
export function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let keyExpected = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') {
      depth += 1;
      keyExpected = depth === 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
    } else if (character === ',') {
      keyExpected = depth === 1;
    } else if (character === '"') {
      const end = endOfString(text, at);
      if (keyExpected) keys.push(JSON.parse(text.slice(at, end)) as string);
      keyExpected = false;
      at = end - 1;
    }
  }
  return keys;
}

/** @returns the index after the closing quote */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
