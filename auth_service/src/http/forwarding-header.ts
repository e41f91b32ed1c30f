// RFC 9110 §5.6.2 and §5.6.4.
const PAIR = /[ \t]*([\w!#$%&'*+.^`|~-]+)=(?:([\w!#$%&'*+.^`|~-]+)|"((?:[^"\\]|\\.)*)")[ \t]*(?:;|$)/y;

/**
 * The elements of a list, the last one first, each only when it is asked for. Quotes are matched from the right as well:
 * one that somebody has left open further left must not swallow what the proxies have written behind it.
 */
export function* elementsFromRight(
  list: string,
  { mayBeQuoted }: { readonly mayBeQuoted: boolean },
): Generator<string, undefined> {
  for (let end = list.length; end >= 0; ) {
    const comma = mayBeQuoted ? commaBefore(list, end) : end === 0 ? -1 : list.lastIndexOf(',', end - 1);
    yield list.slice(comma + 1, end);
    end = comma;
  }
}

/** The last comma before `end` that stands outside of quotes. */
function commaBefore(list: string, end: number): number {
  let isQuoted = false;
  for (let index = end - 1; index >= 0; index -= 1) {
    const character = list[index];
    if (character === '"') isQuoted = !isQuoted || isEscaped(list, index);
    else if (character === ',' && !isQuoted) return index;
  }
  return -1;
}

function isEscaped(list: string, index: number): boolean {
  let backslashes = 0;
  while (list[index - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

/** What an element of `Forwarded` says in `for` (RFC 7239 §4). Null: nothing, or the element is not well-formed. */
export function addressInForwarded(element: string): string | null {
  const text = element.trim();
  let address: string | null = null;
  for (PAIR.lastIndex = 0; PAIR.lastIndex < text.length; ) {
    const [, name, token, quoted] = PAIR.exec(text) ?? [];
    if (name === undefined) return null;
    if (name.toLowerCase() !== 'for') continue;
    if (address !== null) return null;
    address = token ?? quoted?.replace(/\\(.)/g, '$1') ?? null;
  }
  return address;
}
