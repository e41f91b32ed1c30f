import { LineCounter, parseDocument, stringify } from 'yaml';
import { type FieldError, ServiceError } from '#errors';
import type { Declared, DeclaredClient, DeclaredPermission, DeclaredRole } from './index.ts';

const VERSION = 1;
const LINE_WIDTH = 110;

/** Keys of the file, which are those of the API, and what stands behind each. */
const PERMISSION_KEYS = { name: 'text', description: 'text?' } as const;
const ROLE_KEYS = { ...PERMISSION_KEYS, permissions: 'texts' } as const;
const CLIENT_KEYS = {
  client_id: 'text',
  client_name: 'text',
  description: 'text?',
  is_active: 'flag',
  assigned_roles: 'texts',
  allowed_resources: 'texts',
  allowed_callback_urls: 'texts',
  token_endpoint_auth_method: 'text?',
  token_lifetime_seconds: 'number?',
  rate_limit: 'text?',
  refresh_tokens: 'flag',
  jwks: 'object?',
  jwks_uri: 'text?',
} as const;

const CLIENT_WORDS: Readonly<Record<keyof typeof CLIENT_KEYS, keyof DeclaredClient>> = {
  client_id: 'id',
  client_name: 'name',
  description: 'description',
  is_active: 'isActive',
  assigned_roles: 'roles',
  allowed_resources: 'allowedResources',
  allowed_callback_urls: 'allowedCallbackUrls',
  token_endpoint_auth_method: 'tokenEndpointAuthMethod',
  token_lifetime_seconds: 'tokenLifetimeSeconds',
  rate_limit: 'rateLimit',
  refresh_tokens: 'refreshTokens',
  jwks: 'jwks',
  jwks_uri: 'jwksUri',
};

type Form = 'text' | 'text?' | 'texts' | 'flag' | 'number?' | 'object?';
type Keys = Readonly<Record<string, Form>>;

/**
 * The text of a file, YAML 1.2 or JSON.
 * @throws ServiceError `validation_failed`, naming each place that is wrong; values are judged when they are applied.
 */
export function readDocument(text: string): Declared {
  const document = parseYaml(text);
  const faults: FieldError[] = [];
  const root = membersOf(document, '', ['version', 'permissions', 'roles', 'clients'], faults);
  if (root !== null && root.version !== VERSION) {
    faults.push({ field: 'version', message: `must be ${VERSION}` });
  }
  const permissions = entriesOf(root?.permissions, 'permissions', PERMISSION_KEYS, 'name', faults);
  const roles = entriesOf(root?.roles, 'roles', ROLE_KEYS, 'name', faults);
  const clients = entriesOf(root?.clients, 'clients', CLIENT_KEYS, 'client_name', faults);
  refuseRepeated(permissions, 'permissions', 'name', faults);
  refuseRepeated(roles, 'roles', 'name', faults);
  refuseRepeated(clients, 'clients', 'client_id', faults);
  if (faults.length > 0)
    throw new ServiceError('validation_failed', 'The file has faults.', { fields: faults });
  return {
    ...(permissions === undefined ? {} : { permissions }),
    ...(roles === undefined ? {} : { roles }),
    ...(clients === undefined ? {} : { clients: clients.map(toClient) }),
  } as unknown as Declared;
}

/** The file of what is declared. */
export function renderDocument(
  { permissions = [], roles = [], clients = [] }: Declared,
  form: 'yaml' | 'json' = 'yaml',
): string {
  const named = ({ name, description, ...rest }: DeclaredPermission | DeclaredRole) => ({
    name,
    ...(description ? { description } : {}),
    ...rest,
  });
  const document = {
    version: VERSION,
    permissions: permissions.map(named),
    roles: roles.map(named),
    clients: clients.map(fromClient),
  };
  return form === 'json' ? `${JSON.stringify(document)}\n` : stringify(document, { lineWidth: LINE_WIDTH });
}

function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault === undefined) return readValue(() => document.toJS());
  const { line, col } = lines.linePos(fault.pos[0]);
  const message = `line ${line}, column ${col}: ${fault.message}`;
  throw new ServiceError('validation_failed', 'The file is no YAML.', {
    fields: [{ field: 'file', message }],
  });
}

/** Aliases within aliases could make it very large: the parser refuses that here. */
function readValue(read: () => unknown): unknown {
  try {
    return read();
  } catch (cause) {
    const fields = [{ field: 'file', message: cause instanceof Error ? cause.message : 'cannot be read' }];
    throw new ServiceError('validation_failed', 'The file is no YAML.', { fields, cause });
  }
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(
  value: unknown,
  field: string,
  known: readonly string[],
  faults: FieldError[],
): Members | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    faults.push({ field: field || 'file', message: `must have the keys ${known.join(', ')}` });
    return null;
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    faults.push({
      field: field === '' ? key : `${field}.${key}`,
      message: `is not known; there are ${known.join(', ')}`,
    });
  }
  return value as Members;
}

/** Undefined: the file does not speak of them. */
function entriesOf(
  value: unknown,
  part: string,
  keys: Keys,
  required: string,
  faults: FieldError[],
): Members[] | undefined {
  if (value === undefined) return undefined;
  // `roles:` with nothing behind it.
  if (value === null) return [];
  if (!Array.isArray(value)) {
    faults.push({ field: part, message: 'must be a list' });
    return undefined;
  }
  return value.flatMap((entry: unknown, index) => {
    const field = `${part}[${index}]`;
    const members = membersOf(entry, field, Object.keys(keys), faults);
    if (members === null) return [];
    if (members[required] === undefined)
      faults.push({ field: `${field}.${required}`, message: 'is missing' });
    for (const [key, form] of Object.entries(keys)) {
      if (members[key] === undefined || hasForm(members[key], form)) continue;
      faults.push({ field: `${field}.${key}`, message: `must be ${FORMS[form]}` });
    }
    return [members];
  });
}

const FORMS: Readonly<Record<Form, string>> = {
  text: 'a text',
  'text?': 'a text or null',
  texts: 'a list of texts',
  flag: 'true or false',
  'number?': 'a number or null',
  'object?': 'an object or null',
};

function hasForm(value: unknown, form: Form): boolean {
  if (value === null) return form.endsWith('?');
  if (form === 'texts') return Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (form === 'flag') return typeof value === 'boolean';
  if (form === 'number?') return typeof value === 'number';
  if (form === 'object?') return typeof value === 'object' && !Array.isArray(value);
  return typeof value === 'string';
}

function refuseRepeated(
  entries: readonly Members[] | undefined,
  part: string,
  key: string,
  faults: FieldError[],
): void {
  const seen = new Set<unknown>();
  for (const [index, { [key]: value }] of (entries ?? []).entries()) {
    if (value !== undefined && seen.has(value)) {
      faults.push({ field: `${part}[${index}].${key}`, message: `"${String(value)}" stands there twice` });
    }
    seen.add(value);
  }
}

function toClient(members: Members): DeclaredClient {
  const words = Object.entries(members).map(([key, value]) => [
    CLIENT_WORDS[key as keyof typeof CLIENT_WORDS],
    key === 'client_id' && typeof value === 'string' ? value.toLowerCase() : value,
  ]);
  return Object.fromEntries(words) as DeclaredClient;
}

/** Everything but an empty description: what is not said would be none of the file's business. */
function fromClient({ description, ...client }: DeclaredClient): Members {
  const said = description ? { ...client, description } : client;
  const keys = Object.entries(CLIENT_WORDS) as [string, keyof typeof said][];
  return Object.fromEntries(keys.filter(([, word]) => word in said).map(([key, word]) => [key, said[word]]));
}
