import { OutageError, readAnswer } from '../answer.ts';
import type { SupabaseSettings } from '../dependencies.ts';

const ANSWERED_WITHIN_MS = 5_000;

/** What came of a question, told as finely as whoever has to mend it needs. */
export type Reply =
  | {
      readonly is: 'answer';
      readonly status: number;
      readonly body: Readonly<Record<string, unknown>>;
      /** GoTrue's own word for a refusal; empty where a gateway answered. */
      readonly code: string;
      readonly message: string;
      readonly date: Date | null;
      readonly tookMs: number;
    }
  | { readonly is: 'redirect'; readonly to: string }
  | { readonly is: 'page'; readonly status: number }
  /** No JSON that could be GoTrue's. */
  | { readonly is: 'nonsense'; readonly what: string }
  /** @see https://nodejs.org/api/errors.html for its codes */
  | { readonly is: 'silence'; readonly code: string; readonly isLate: boolean };

export interface Question {
  /** Below `/auth/v1`. */
  readonly path: string;
  readonly as: 'anybody' | 'service';
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  readonly signal: AbortSignal;
}

/** Past the circuit and the repetitions that people have, which would hide what this is about. Never throws. */
export type Ask = (question: Question) => Promise<Reply>;

export function createAsk({ url, anonKey, serviceRoleKey }: SupabaseSettings): Ask {
  return async ({ path, as, method = 'GET', body, signal }) => {
    const begunAt = performance.now();
    const late = AbortSignal.timeout(ANSWERED_WITHIN_MS);
    const isService = as === 'service';
    try {
      const response = await fetch(`${url}/auth/v1${path}`, {
        method,
        headers: {
          apikey: isService ? serviceRoleKey : anonKey,
          ...(isService ? { authorization: `Bearer ${serviceRoleKey}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: AbortSignal.any([signal, late]),
      });
      return await read(response, begunAt);
    } catch (error) {
      if (error instanceof OutageError) return { is: 'nonsense', what: error.message };
      return { is: 'silence', code: codeOf(error), isLate: late.aborted || signal.aborted };
    }
  };
}

async function read(response: Response, begunAt: number): Promise<Reply> {
  const { status, headers } = response;
  const isRedirect = status >= 300 && status < 400 && status !== 304;
  const isPage = /^text\/html\b/i.test(headers.get('content-type') ?? '');
  if (isRedirect || isPage) {
    await response.body?.cancel();
    return isPage && !isRedirect
      ? { is: 'page', status }
      : { is: 'redirect', to: withoutQuery(headers.get('location')) };
  }
  const answer = await readAnswer(response);
  const value: unknown = answer.body === '' ? {} : JSON.parse(answer.body);
  const body = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const text = (...names: string[]) => String(names.map((name) => body[name]).find(isText) ?? '');
  const date = new Date(headers.get('date') ?? '');
  return {
    is: 'answer',
    status,
    body,
    code: text('error_code', 'code'),
    message: text('msg', 'message'),
    date: Number.isNaN(date.getTime()) ? null : date,
    tookMs: performance.now() - begunAt,
  };
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** What is behind it may be a secret. */
function withoutQuery(location: string | null): string {
  return (location ?? '').replace(/[?#].*$/s, '');
}

/** The innermost there is: `fetch` wraps what happened, and several addresses are tried for one name. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const inner = error.cause === undefined ? '' : codeOf(error.cause);
  if (inner !== '') return inner;
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** For a sentence that says what an unexpected answer was. */
export function describeReply(reply: Reply): string {
  switch (reply.is) {
    case 'answer':
      return `it answers ${[reply.status, reply.code, reply.message].filter((part) => part !== '').join(' ')}`;
    case 'redirect':
      return `it redirects to ${reply.to}`;
    case 'page':
      return `it answers ${reply.status} with a page of HTML`;
    case 'nonsense':
      return reply.what;
    case 'silence':
      return reply.isLate ? 'it gives no answer in time' : `the connection failed (${reply.code})`;
  }
}
