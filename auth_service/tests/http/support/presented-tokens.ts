import type { TestApp } from './build-test-app.ts';
import { SERVER } from './build-wire-app.ts';
import { FORM } from './token-requests.ts';

export const INTROSPECT_PATH = `${SERVER.rootPath}/auth/introspect`;
export const REVOKE_PATH = `${SERVER.rootPath}/auth/revoke`;

/** Presents a token as a client does. `authorization` is left out for null. */
export function present(
  { app }: Pick<TestApp, 'app'>,
  url: string,
  authorization: string | null,
  parameters: Readonly<Record<string, string>> | string,
) {
  return app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': FORM, ...(authorization === null ? {} : { authorization }) },
    payload: new URLSearchParams(parameters).toString(),
  });
}
