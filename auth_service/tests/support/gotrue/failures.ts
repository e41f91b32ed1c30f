import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './call.ts';
import type { FailureMode, FailureScope } from './options.ts';

export interface Failures {
  set(mode: FailureMode | null, scope?: FailureScope): void;
  /** What goes wrong with this request; null: nothing. */
  take(pathAndSearch: string): FailureMode | null;
}

export function createFailures(): Failures {
  let current: { mode: FailureMode; path: RegExp | undefined; left: number } | null = null;
  return {
    set(mode, { path, times = Number.POSITIVE_INFINITY } = {}) {
      current = mode === null ? null : { mode, path, left: times };
    },
    take(pathAndSearch) {
      if (current === null || current.left <= 0) return null;
      if (current.path !== undefined && pathAndSearch.search(current.path) < 0) return null;
      current.left -= 1;
      return current.mode;
    },
  };
}

/**
 * Answers for the double, or leaves it to it.
 * @returns whether this is all that becomes of the request
 */
export function answerInstead(response: ServerResponse, mode: FailureMode): boolean {
  if ('hang' in mode) return true;
  if ('cut' in mode && mode.cut === 'before') response.socket?.resetAndDestroy();
  else if ('html' in mode) sendPage(response, mode.html);
  else if ('status' in mode) sendAnswer(response, { status: mode.status, body: mode.body ?? FAULT });
  else if ('huge' in mode) sendAnswer(response, { status: 200, body: { filler: fillerOf(mode.huge) } });
  else if ('redirect' in mode) response.writeHead(302, { location: mode.redirect }).end();
  else return false;
  return true;
}

/** Sends what the double has to say, as well as the failure lets it. */
export async function deliver(
  response: ServerResponse,
  answer: Answer,
  mode: FailureMode | null,
): Promise<void> {
  if (mode !== null && 'delayMs' in mode) await sleep(mode.delayMs, undefined, { ref: false });
  if (response.destroyed) return;
  if (mode === null || !('cut' in mode)) return sendAnswer(response, answer);
  const text = textOf(answer);
  response.writeHead(answer.status, headersOf(answer, text));
  response.flushHeaders();
  if (mode.cut === 'middle') response.write(text.slice(0, Math.floor(text.length / 2)));
  // What was written is on its way before the connection goes.
  setTimeout(() => response.socket?.destroy(), 20);
}

function sendAnswer(response: ServerResponse, answer: Answer): void {
  const text = textOf(answer);
  response.writeHead(answer.status, headersOf(answer, text)).end(text);
}

const FAULT = { message: 'An invalid response was received from the upstream server' };

function sendPage(response: ServerResponse, status: number): void {
  const page = `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>\n`;
  response.writeHead(status, { 'content-type': 'text/html; charset=UTF-8' }).end(page);
}

function fillerOf(bytes: number): string {
  return 'x'.repeat(Math.max(0, bytes - JSON.stringify({ filler: '' }).length));
}

function textOf({ body }: Answer): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function headersOf({ headers, body }: Answer, text: string): Record<string, string> {
  if (body === undefined) return { ...headers };
  return {
    'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  };
}
