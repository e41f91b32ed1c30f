import { errorContext } from './error-context.ts';
import type { LogContext } from './index.ts';
import { REDACTED } from './redact-line.ts';
import { isSensitiveName, PRIVATE_JWK_MEMBERS } from './sensitive-names.ts';

const MAX_TEXT = 8192;
/** Texts up to here are taken as they are; they need no account. */
const SMALL_TEXT = 256;
/** Characters of context in one line; nodes cost something too, so that wide trees end as well as long texts. */
const MAX_TOTAL = 32_768;
const NODE_COST = 8;
const MAX_DEPTH = 8;
const MAX_ENTRIES = 100;
const MAX_BIGINT = 2n ** 256n;
const MAX_KNOWN_NAMES = 2000;
const MAX_NAME = 128;
const UNREADABLE = '[unreadable]';

/** Names that a line has of its own: context may not write them a second time. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'timestamp',
  'level',
  'logger',
  'message',
  'environment',
  '__proto__',
]);

type Kind = 'plain' | 'sensitive' | 'own';
type KindOf = (name: string) => Kind;
type Entry = readonly [name: string, value: unknown];

/** One record on its way: what is left to spend, and the objects it is inside of. */
interface Walk {
  left: number;
  readonly path: Set<object>;
  readonly kindOf: KindOf;
}

/**
 * Copies context into a record of plain, bounded values with sensitive ones replaced. Flat values, which is what a
 * request logs, cost one look-up of the name each.
 */
export function createContextCleaner(): (record: Record<string, unknown>, context: LogContext) => void {
  const kindOf = createKindOf();
  return (record, context) => {
    try {
      cleanInto(record, context, kindOf);
    } catch {
      record.context = UNREADABLE;
    }
  };
}

/** Names come from code, so they are few; those that strangers choose do not fill the memory. */
function createKindOf(): KindOf {
  const kinds = new Map<string, Kind>();
  return (name) => {
    const known = kinds.get(name);
    if (known !== undefined) return known;
    const kind = OWN_NAMES.has(name) ? 'own' : isSensitiveName(name) ? 'sensitive' : 'plain';
    if (kinds.size < MAX_KNOWN_NAMES && name.length <= MAX_NAME) kinds.set(name, kind);
    return kind;
  };
}

function cleanInto(record: Record<string, unknown>, context: LogContext, kindOf: KindOf): void {
  let walk: Walk | undefined;
  for (const name of Object.keys(context).slice(0, MAX_ENTRIES)) {
    const value = context[name];
    const kind = kindOf(name);
    const target = kind === 'own' ? `context_${name}` : name.slice(0, MAX_NAME);
    if (kind === 'sensitive') record[target] = hide(value);
    else if (isSmall(value)) record[target] = value;
    else {
      walk ??= { left: MAX_TOTAL, path: new Set(), kindOf };
      record[target] = clean(value, walk);
    }
  }
}

function isSmall(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= SMALL_TEXT;
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

/** That something is absent, or is there at all, is no secret and worth knowing. */
function hide(value: unknown): unknown {
  return value === undefined || value === null || typeof value === 'boolean' ? value : REDACTED;
}

function clean(value: unknown, walk: Walk): unknown {
  if (typeof value !== 'object' || value === null) return cleanScalar(value, walk);
  if (walk.path.has(value)) return '[circular]';
  if (walk.path.size >= MAX_DEPTH || walk.left <= 0) return '[cut]';
  walk.left -= NODE_COST;
  walk.path.add(value);
  try {
    return cleanObject(value, walk);
  } catch {
    // A getter, a proxy or a toJSON that throws.
    return UNREADABLE;
  } finally {
    walk.path.delete(value);
  }
}

function cleanObject(value: object, walk: Walk): unknown {
  if (value instanceof Error) return clean(errorContext(value), walk);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Map)
    return cleanEntries(
      [...value].map(([name, one]) => [nameOf(name), one]),
      walk,
    );
  if (value instanceof Set || Array.isArray(value)) return cleanItems([...value], walk);
  if ('toJSON' in value && typeof value.toJSON === 'function') return clean(value.toJSON(), walk);
  return cleanEntries(Object.entries(value), walk);
}

function cleanItems(items: readonly unknown[], walk: Walk): unknown[] {
  const kept = items.slice(0, MAX_ENTRIES).map((item) => clean(item, walk));
  return items.length > MAX_ENTRIES ? [...kept, `[${items.length - MAX_ENTRIES} more]`] : kept;
}

function cleanEntries(entries: readonly Entry[], walk: Walk): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  const isKey = entries.some(([name]) => name === 'kty');
  for (const [name, value] of entries.slice(0, MAX_ENTRIES)) {
    if (walk.left <= 0) break;
    walk.left -= name.length;
    const isHidden = walk.kindOf(name) === 'sensitive' || (isKey && PRIVATE_JWK_MEMBERS.has(name));
    const target = name === '__proto__' ? '[proto]' : name.slice(0, MAX_NAME);
    copy[target] = isHidden ? hide(value) : clean(value, walk);
  }
  if (entries.length > MAX_ENTRIES) copy['[more]'] = entries.length - MAX_ENTRIES;
  return copy;
}

function nameOf(key: unknown): string {
  return typeof key === 'object' ? '[object]' : String(key);
}

function cleanScalar(value: unknown, walk: Walk): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  walk.left -= NODE_COST;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'string') {
    const text = cutText(value, Math.max(0, Math.min(MAX_TEXT, walk.left)));
    walk.left -= text.length;
    return text;
  }
  if (typeof value === 'bigint')
    return value < MAX_BIGINT && value > -MAX_BIGINT ? String(value) : '[huge number]';
  return typeof value === 'function' ? '[function]' : String(value);
}

/** Cuts between words where it can, so that no half of a secret is left that nobody recognizes. */
export function cutText(text: string, limit = MAX_TEXT): string {
  if (text.length <= limit) return text;
  const space = text.lastIndexOf(' ', limit);
  const end = space > limit - 1024 && space > 0 ? space : limit;
  return `${text.slice(0, end)} [${text.length - end} characters more]`;
}
