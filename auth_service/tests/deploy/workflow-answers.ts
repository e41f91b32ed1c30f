import { writeFileSync } from 'node:fs';
import { DEPLOYMENT } from './workflow-settings.ts';
import type { Answer, Call } from './workflow-stand-ins.ts';

const URL_OF_IT = `https://${DEPLOYMENT.AUTH_DOMAIN}`;

/** What `curl` shows of a service that does its work, in the place of one behind a certificate. */
export function askHealthyService({ argv }: Call): Answer {
  const path = argv.at(-1)?.replace(URL_OF_IT, '') ?? '';
  const answers: Readonly<Record<string, unknown>> = {
    '/health': { status: 'ok', version: DEPLOYMENT.EXPECTED_VERSION, components: {} },
    '/health/ready': { status: 'ok' },
    '/.well-known/jwks.json': { keys: [] },
    '/.well-known/oauth-authorization-server': { issuer: URL_OF_IT, token_endpoint: `${URL_OF_IT}/token` },
    '/token': { access_token: 'a.b.c', token_type: 'Bearer' },
  };
  writeFileSync(argv[argv.indexOf('--output') + 1] ?? '', JSON.stringify(answers[path] ?? {}));
  return { stdout: path in answers ? '200' : '404' };
}

/** A gateway with nothing behind it. */
export function askDeadService(): Answer {
  return { stdout: '502' };
}
