import type { FastifyRequest, preValidationHookHandler } from 'fastify';
import { ServiceError } from '#errors';
import { repeatedMember } from './json-members.ts';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
/** Far more than any body has. Every unknown one is a fault of its own, and a megabyte could hold 200 000 of them. */
const MEMBERS_AT_MOST = 100;
/** A stranger chose the name: the answer stays small. */
const NAME_SHOWN = 100;

/** Bodies come as bytes; a route for JSON turns them into a value here, before they are validated. */
export const parseJsonBody: preValidationHookHandler = (request, _reply, done) => {
  try {
    request.body = jsonOf(request);
    done();
  } catch (error) {
    done(error as ServiceError);
  }
};

/** No body at all is an empty object: where nothing is required, nothing need be sent. */
function jsonOf({ headers, body }: FastifyRequest): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) {
    throw new ServiceError('unsupported_media_type', 'Send the body as application/json.');
  }
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new ServiceError('unsupported_media_type', 'Send the body without a Content-Encoding.');
  }
  const text = textOf(body);
  const value = parse(text);
  if (isObject(value) && Object.keys(value).length > MEMBERS_AT_MOST) {
    throw invalid('body', `It has at most ${MEMBERS_AT_MOST} members.`);
  }
  const repeated = repeatedMember(text);
  if (repeated !== null) throw invalid(repeated.slice(0, NAME_SHOWN), 'It is there twice.');
  return value;
}

function invalid(field: string, message: string): ServiceError {
  return new ServiceError('validation_failed', undefined, { fields: [{ field, message }] });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw noJson(cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw noJson(cause);
  }
}

function noJson(cause: unknown): ServiceError {
  return new ServiceError('malformed_body', 'The body is no JSON.', { cause });
}
