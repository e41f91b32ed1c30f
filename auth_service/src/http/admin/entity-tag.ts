import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha256 } from '#crypto';
import { ServiceError } from '#errors';

const TAG_LENGTH = 22;
const TAGS = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;

/** A strong validator (RFC 9110 §8.8.1): other bytes, another tag. */
function entityTag(body: unknown): string {
  return `"${sha256(JSON.stringify(body)).toString('base64url').slice(0, TAG_LENGTH)}"`;
}

/** The body with its tag, for answers about one thing. */
export function tagged<Body>(reply: FastifyReply, body: Body): Body {
  reply.header('etag', entityTag(body));
  return body;
}

/**
 * `If-Match` (RFC 9110 §13.1.1) as a condition to be looked at where the change is made, so that two administrators do
 * not overwrite each other. Without the header there is none.
 * @param bodyOf the thing as it is served
 * @throws ServiceError `invalid_request` for a header that is none; the condition throws `precondition_failed`.
 */
export function ifMatch<Thing>(
  { headers }: FastifyRequest,
  bodyOf: (thing: Thing) => unknown,
): ((before: Thing) => void) | undefined {
  const header = headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  if (!TAGS.test(header)) {
    throw new ServiceError(
      'invalid_request',
      'If-Match must be * or tags as an ETag header gave them, in quotes.',
    );
  }
  // Weak ones never match here (§13.1.1: strong comparison).
  const wanted = header.split(',').map((tag) => tag.trim());
  return (before) => {
    if (!wanted.includes(entityTag(bodyOf(before)))) throw new ServiceError('precondition_failed');
  };
}
