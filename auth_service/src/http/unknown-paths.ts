import type { FastifyInstance } from 'fastify';
import { ServiceError } from '#errors';
import { type Dialect, isPreflight } from './route.ts';

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
  readonly dialect: Dialect;
}

/**
 * Answers what no route answers: 405 with `Allow` where another method would do, else 404. It does so before the body
 * is read, which would be judged (415, 413) although nobody wants it.
 */
export function addUnknownPathReplies(app: FastifyInstance): void {
  const known = new Map<string, KnownPath>();

  app.addHook('onRoute', (route) => {
    if (isPreflight(route)) return;
    const entry = known.get(route.url) ?? {
      pattern: patternOf(route.url),
      methods: new Set<string>(),
      dialect: route.config?.dialect ?? 'problem',
    };
    for (const method of [route.method].flat()) entry.methods.add(method);
    known.set(route.url, entry);
  });

  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?', 1)[0] ?? '';
    const match = [...known.values()].find(({ pattern }) => pattern.test(path));
    if (match === undefined) return done(new ServiceError('not_found'));
    request.record.dialect = match.dialect;
    const allowed = [...match.methods].sort().join(', ');
    reply.header('allow', allowed);
    done(new ServiceError('method_not_allowed', `This path answers ${allowed} only.`));
  });
}

function patternOf(path: string): RegExp {
  const segments = path.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${segments.join('/')}$`);
}
