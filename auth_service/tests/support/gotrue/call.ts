import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { GotrueOptions } from './options.ts';
import { Refusal } from './refusal.ts';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined: nothing is sent. */
  readonly body?: unknown;
}

/** A request as GoTrue has it, behind the gateway. */
export interface Call {
  readonly method: string;
  /** Without /auth/v1. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** What the limit counts by. */
  readonly address: string;
  /** What a session keeps. */
  readonly ip: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** @throws Refusal bad_json */
export function readFields(call: Call): Fields {
  let value: unknown;
  try {
    value = JSON.parse(call.text);
  } catch (error) {
    throw badJson(call.text === '' ? 'unexpected end of JSON input' : String(error));
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw badJson('cannot unmarshal into an object');
  return value as Fields;
}

/** Go reads null, and nothing, as "". */
export function readText(fields: Fields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw badJson(`cannot unmarshal ${typeof value} into field ${name}`);
  return value;
}

export function readFlag(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value !== 'boolean') throw badJson(`cannot unmarshal ${typeof value} into field ${name}`);
  return value;
}

export function readObject(fields: Fields, name: string): Fields {
  const value = fields[name] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw badJson(`cannot unmarshal into field ${name}`);
  return value as Fields;
}

function badJson(why: string): Refusal {
  return new Refusal(400, 'bad_json', `Could not parse request body as JSON: ${why}`);
}

export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The client's address: as the limit counts it, and as a session keeps it, which is none that is no address. */
export function readAddresses(
  headers: IncomingHttpHeaders,
  socketAddress: string,
  { honoursSbForwardedFor = false, rateLimitHeader = 'x-forwarded-for' }: GotrueOptions,
): Pick<Call, 'address' | 'ip'> {
  const names = honoursSbForwardedFor ? ['sb-forwarded-for', rateLimitHeader] : [rateLimitHeader];
  const named = names.map((name) => headerOf(headers, name)?.split(',')[0]?.trim()).find((first) => first);
  const address = named ?? socketAddress;
  return { address, ip: isIP(address) === 0 ? socketAddress : address };
}
