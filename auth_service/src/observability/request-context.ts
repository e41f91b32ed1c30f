import { AsyncLocalStorage } from 'node:async_hooks';

export interface RequestContext {
  readonly requestId: string;
  /** The caller's address, as trusted proxies tell it. */
  readonly clientIp?: string;
}

// The one thing that belongs to the process and not to a room's instance: it follows the call, not the caller.
const requests = new AsyncLocalStorage<RequestContext>();

/** Everything that `work` does and starts belongs to this request. */
export function runWithRequest<T>(context: RequestContext, work: () => T): T {
  return requests.run(context, work);
}

export function currentRequest(): RequestContext | undefined {
  return requests.getStore();
}

export function currentRequestId(): string | undefined {
  return requests.getStore()?.requestId;
}
