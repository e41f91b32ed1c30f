import { resolve } from 'node:path';
import type { DatabaseConfig, ServerConfig } from '../config.ts';
import { host, port, rootPath, trustedProxies } from '../parsers/network.ts';
import { list } from '../parsers/parser.ts';
import { choice, text, wholeNumber, yesOrNo } from '../parsers/plain.ts';
import { baseUrl, isUnprotected, origin } from '../parsers/urls.ts';
import type { Reading } from '../reading.ts';
import { ENVIRONMENTS, type Section, type ValuesOf, variable } from '../variable.ts';

export const environmentVariable = variable({
  name: 'ENVIRONMENT',
  parser: choice(...ENVIRONMENTS),
  default: 'development',
  example: 'production',
  description:
    'Which rules hold: development, testing, staging or production. Staging obeys every rule of production; in both nothing is chosen by omission.',
});

export const serviceSection = {
  title: 'Service',
  about: 'Where the service listens and how the outside sees it.',
  variables: {
    environment: environmentVariable,
    loggingLevel: variable({
      name: 'LOGGING_LEVEL',
      parser: choice('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'),
      default: 'INFO',
      description: 'The least severe level that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL.',
    }),
    rootPath: variable({
      name: 'ROOT_PATH',
      parser: rootPath,
      default: '/api/v1',
      isEmptyMeaningful: true,
      description: 'Prefix of the API paths. `/` and the empty string mean none.',
    }),
    host: variable({
      name: 'HOST',
      parser: host,
      default: { local: '127.0.0.1', production: '0.0.0.0' },
      description: 'Address to listen on.',
    }),
    port: variable({
      name: 'PORT',
      parser: port,
      default: '8000',
      description: 'Port to listen on. 0, allowed in development and testing only, takes a free one.',
    }),
    publicUrl: variable({
      name: 'PUBLIC_URL',
      aliases: ['BASE_URL'],
      parser: baseUrl(
        'the https URL under which callers reach the service, such as https://auth.example.com',
      ),
      defaultMeaning: '`http://localhost:PORT` in development and testing, else none',
      example: 'https://auth.your_domain.com',
      description:
        'The URL under which callers reach the service. Links, redirects and the issuer are built from it alone, never from a request; https in production. Without it, what needs it answers 503.',
    }),
    trustedProxies: variable({
      name: 'TRUSTED_PROXIES',
      parser: trustedProxies,
      default: '',
      example: '10.0.0.0/8',
      description:
        'Addresses and CIDR networks, by comma, of the proxies in front, or how many there are. The caller is the right-most address in TRUSTED_PROXY_HEADER that is none of them. Name no network that callers sit in.',
    }),
    trustedProxyHeader: variable({
      name: 'TRUSTED_PROXY_HEADER',
      parser: choice('x-forwarded-for', 'forwarded'),
      default: 'x-forwarded-for',
      description:
        'The header in which those proxies tell the address of the caller: `x-forwarded-for` or `forwarded` (RFC 7239). The other one is never read: a proxy that does not write it passes on what the caller made up.',
    }),
    corsAllowOrigins: variable({
      name: 'CORS_ALLOW_ORIGINS',
      parser: list(origin, 'origins by comma, such as https://app.example.com'),
      default: '',
      example: 'https://app.your_domain.com',
      description:
        'Browser origins, by comma, that may call the API; `*` for all. Unset: none (in development, loopback origins).',
    }),
    corsAllowCredentials: variable({
      name: 'CORS_ALLOW_CREDENTIALS',
      parser: yesOrNo,
      default: 'false',
      description: 'Whether browsers may send credentials with such calls; refused together with `*`.',
    }),
    replicas: variable({
      name: 'REPLICAS',
      parser: wholeNumber(1, 1000),
      default: '1',
      description: 'How many instances run side by side. More than one needs REDIS_URL and PostgreSQL.',
    }),
    workers: variable({
      name: 'WORKERS',
      parser: wholeNumber(1, 64),
      default: '1',
      description: 'How many processes this instance runs. More than one needs PostgreSQL.',
    }),
    shutdownDelaySeconds: variable({
      name: 'SHUTDOWN_DELAY_SECONDS',
      parser: wholeNumber(0, 20, 'seconds'),
      default: { local: '0', production: '5' },
      description:
        'How long the service goes on serving after SIGTERM, not ready any more, until every load balancer has noticed. Zero: it stops at once.',
    }),
    dataDirectory: variable({
      name: 'DATA_DIR',
      parser: text('a directory'),
      default: '.data',
      description:
        'Directory of the embedded parts and their generated secrets. A relative path starts at the repository root, whatever the working directory.',
    }),
  },
} satisfies Section;

const { variables } = serviceSection;
export type ServiceValues = ValuesOf<typeof serviceSection>;

export function assembleServer(values: ServiceValues, reading: Reading): ServerConfig {
  if (values.corsAllowOrigins.includes('*')) checkCorsWildcard(values, reading);
  if (values.port === 0 && reading.isProduction) {
    reading.fault(variables.port, 'is 0, which takes any free port.', 'Name the port to listen on.');
  }
  return {
    host: values.host,
    port: values.port,
    rootPath: values.rootPath,
    publicUrl: decidePublicUrl(values, reading),
    trustedProxies: values.trustedProxies,
    trustedProxyHeader: values.trustedProxyHeader,
    corsAllowOrigins: [...new Set(values.corsAllowOrigins)],
    corsAllowCredentials: values.corsAllowCredentials,
    replicas: values.replicas,
    workers: values.workers,
  };
}

function checkCorsWildcard(values: ServiceValues, reading: Reading): void {
  const remedy = 'Name the origins that may call.';
  if (values.corsAllowCredentials) {
    const problem = 'is * together with CORS_ALLOW_CREDENTIALS, so that any site could act for its visitors.';
    reading.fault(variables.corsAllowOrigins, problem, remedy);
  } else if (values.corsAllowOrigins.length > 1) {
    reading.fault(variables.corsAllowOrigins, 'names origins beside *.', remedy);
  } else if (reading.isProduction) {
    reading.warn(variables.corsAllowOrigins, 'lets every site call the API.', remedy);
  }
}

function decidePublicUrl(values: ServiceValues, reading: Reading): string | null {
  const { publicUrl, port, rootPath } = values;
  const variable = variables.publicUrl;
  if (publicUrl === null) {
    if (!reading.isProduction && port !== 0) return `http://localhost:${port}`;
    const remedy = 'Set it to the https URL under which callers reach the service.';
    const problem = 'is not set: what builds a link, an issuer or an audience from it will answer 503.';
    if (!reading.isFaulty(variable)) reading.warn(variable, problem, remedy);
    return null;
  }
  if (reading.isProduction && isUnprotected(publicUrl)) {
    reading.fault(variable, 'is not an https URL.', 'Use https; TLS may end at the proxy in front.');
  } else if (reading.isProduction && publicUrl.startsWith('http:')) {
    reading.warn(variable, 'is a loopback address.', 'Set it to the https URL that callers use.');
  }
  if (rootPath !== '' && publicUrl.endsWith(rootPath)) {
    const problem = `ends with ROOT_PATH (${rootPath}), which is appended to it once more.`;
    reading.warn(variable, problem, `Leave ${rootPath} out of it.`);
  }
  return publicUrl;
}

/** Never from the working directory: CLI and server must find the same data from wherever they are started. */
export function resolveDataDirectory(values: ServiceValues, repositoryRoot: string): string {
  return resolve(repositoryRoot, values.dataDirectory);
}

/** What several processes share must live outside of them. */
export function checkScale(
  values: ServiceValues,
  parts: { databaseKind: DatabaseConfig['kind'] | null; hasRedis: boolean; isRedisFaulty: boolean },
  reading: Reading,
): void {
  const isEmbedded = parts.databaseKind === 'embedded';
  if (values.replicas > 1 && !parts.hasRedis && !parts.isRedisFaulty) {
    const problem = `is ${values.replicas}, but without REDIS_URL every replica would count limits and learn of revocations for itself.`;
    reading.fault(variables.replicas, problem, 'Set REDIS_URL, or run one replica.');
  }
  for (const scale of ['replicas', 'workers'] as const) {
    if (values[scale] === 1 || !isEmbedded) continue;
    const problem = `is ${values[scale]}, but the embedded database serves one process.`;
    reading.fault(variables[scale], problem, 'Set AUTH_SERVICE_DATABASE_URL to a PostgreSQL, or run one.');
  }
}
