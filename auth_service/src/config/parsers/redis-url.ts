import type { RedisConfig, RedisNode } from '../config.ts';
import type { Parsed, Parser } from './parser.ts';

/** Scheme, then whatever stands before the last `@`, hosts by comma, path, query. */
const URL_FORM =
  /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/?#]*)@)?([^/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/i;
const NODE = /^(?:\[([\da-f:.]+)\]|([a-z\d](?:[a-z\d._-]*[a-z\d])?))(?::(\d{1,5}))?$/i;
const MASTER_NAME = /^[\w.-]+$/;

const REMEDY =
  'Write it as redis://user:password@host:6379/0, with special characters of the password percent-encoded (# as %23, / as %2F, ? as %3F, @ as %40).';

type Kind = RedisConfig['kind'];

/**
 * One Redis, the Sentinels that know where it is, or some nodes of a Cluster:
 * `redis://`, `redis+sentinel://`, `redis+cluster://`, each with TLS as `rediss`.
 */
export const redisUrl: Parser<RedisConfig> = {
  form: 'a Redis URL: redis://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/master or redis+cluster://host:6379,host:6379 (rediss… with TLS)',
  parse(text) {
    const [, scheme, topology, userInfo, hosts = '', path = '', query = ''] = URL_FORM.exec(text) ?? [];
    if (scheme === undefined) return { problem: 'is not a redis:// or rediss:// URL', remedy: REMEDY };
    const kind = (topology?.toLowerCase() ?? 'standalone') as Kind;
    const nodes = parseNodes(hosts, kind);
    if (nodes === null) return { problem: 'names a host that cannot be read', remedy: REMEDY };
    if (kind === 'standalone' && nodes.length > 1) {
      const remedy = 'Write redis+sentinel:// or redis+cluster:// for several hosts.';
      return { problem: 'names more than one host', remedy };
    }
    const credentials = parseCredentials(userInfo);
    const target = parsePath(kind, path);
    const sentinel = parseQuery(kind, query);
    if (credentials === null)
      return { problem: 'has a password that is not percent-encoded', remedy: REMEDY };
    if ('problem' in target) return target;
    if ('problem' in sentinel) return sentinel;
    const isTls = scheme.toLowerCase() === 'rediss';
    return { value: { kind, nodes, tls: isTls, ...credentials, ...target.value, ...sentinel.value } };
  },
};

function parseNodes(text: string, kind: Kind): RedisNode[] | null {
  const nodes: RedisNode[] = [];
  for (const each of text.split(',')) {
    const [, ipv6, name, digits] = NODE.exec(each.trim()) ?? [];
    const host = ipv6 ?? name;
    const port = digits === undefined ? (kind === 'sentinel' ? 26_379 : 6379) : Number(digits);
    if (host === undefined || port < 1 || port > 65_535) return null;
    nodes.push({ host, port });
  }
  return nodes;
}

/** A text alone is the password: Redis asked for nothing else before it knew users. Null: it cannot be decoded. */
function parseCredentials(text = ''): Pick<RedisConfig, 'username' | 'password'> | null {
  const colon = text.indexOf(':');
  const username = decode(colon < 0 ? '' : text.slice(0, colon));
  const password = decode(text.slice(colon + 1));
  if (username === null || password === null) return null;
  return { username: username === '' ? null : username, password: password === '' ? null : password };
}

function parsePath(kind: Kind, path: string): Parsed<Pick<RedisConfig, 'masterName' | 'database'>> {
  const parts = path.replace(/^\/|\/$/g, '').split('/');
  const masterName = kind === 'sentinel' ? (parts.shift() ?? '') : null;
  const [database = '', ...more] = parts;
  if (masterName !== null && !MASTER_NAME.test(masterName)) {
    const remedy = 'Write redis+sentinel://host:26379/mymaster, with the name that the Sentinels know it by.';
    return { problem: 'does not say which master the Sentinels are asked for', remedy };
  }
  if (!/^\d{0,4}$/.test(database) || more.length > 0)
    return { problem: 'names a database that is no number' };
  if (kind === 'cluster' && Number(database) !== 0) {
    return { problem: 'names a database, and a Cluster has only the one', remedy: 'Leave the number out.' };
  }
  return { value: { masterName, database: Number(database) } };
}

function parseQuery(kind: Kind, query: string): Parsed<Pick<RedisConfig, 'sentinel'>> {
  const given = new URLSearchParams(query);
  const known = kind === 'sentinel' ? ['sentinel_user', 'sentinel_password'] : [];
  if ([...given.keys()].some((name) => !known.includes(name))) {
    const remedy =
      kind === 'sentinel'
        ? 'Only sentinel_user and sentinel_password may stand there.'
        : 'Leave out what stands behind the question mark; TLS is asked for with rediss://.';
    return { problem: 'has options that are not known', remedy };
  }
  const username = given.get('sentinel_user');
  const password = given.get('sentinel_password');
  return { value: { sentinel: { username: username || null, password: password || null } } };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
