import { type TestApp, TOKEN_PATH } from './build-test-app.ts';

export const FORM = 'application/x-www-form-urlencoded';

export interface TokenPost {
  readonly authorization?: string;
  readonly payload?: string | Buffer;
  readonly type?: string;
  readonly query?: string;
  readonly remoteAddress?: string;
}

/** A client_credentials request, but for what is given. */
export function postToken({ app }: TestApp, request: TokenPost) {
  const {
    authorization,
    payload = 'grant_type=client_credentials',
    type = FORM,
    query = '',
    remoteAddress,
  } = request;
  return app.inject({
    method: 'POST',
    url: TOKEN_PATH + query,
    headers: { 'content-type': type, ...(authorization === undefined ? {} : { authorization }) },
    payload,
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  });
}
