import type { Service } from '#compose';
import type { Config } from '#config';
import type { Output } from './output.ts';

/** What the banner tells of the service. */
type BannerFacts = Pick<Service, 'config' | 'people'>;

/** What a newcomer wants to know once the server is ready: where it is, what it stands on, what to try. */
export function renderBanner({ config, people }: BannerFacts, url: string, output: Output): string {
  const { server, version, environment } = config;
  const address = server.publicUrl ?? url;
  const facts: [string, string][] = [
    ['Listening', url],
    ['Docs', `${address}/docs`],
    ['Identity', describeIdentity(config.identity)],
    ['Database', describeDatabase(config.database)],
    ['Redis', describeRedis(config.redis)],
  ];
  const command = config.isProduction ? 'auth-service' : 'npx auth-service';
  const administrator = people.newAdministrator();
  if (administrator !== null) {
    facts.push(['Admin', `${administrator.email}  ${administrator.password}  (shown this once)`]);
  }
  return [
    '',
    `  ${output.strong(`PA Services Auth ${version}`)}  ${environment}`,
    '',
    ...facts.map(([name, value]) => `  ${name.padEnd(11)}${value}`),
    '',
    '  Make a client; it tells you how to get a token:',
    `    ${output.strong(`${command} clients create --name "My first client"`)}`,
    '',
    '',
  ].join('\n');
}

function describeIdentity(identity: Config['identity']): string {
  return identity.kind === 'embedded' ? 'embedded' : `Supabase Auth, ${new URL(identity.url).host}`;
}

function describeDatabase(database: Config['database']): string {
  return database.kind === 'embedded' ? `embedded, in ${database.directory}` : 'PostgreSQL';
}

function describeRedis(redis: Config['redis']): string {
  if (redis === null) return 'in memory';
  const places = redis.nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
  return { standalone: places, sentinel: `Sentinel, ${places}`, cluster: `Cluster, ${places}` }[redis.kind];
}

/** What this environment asks for and this version does not do yet; null when it asks for nothing of the kind. */
export function describeWaiting(config: Config): string | null {
  const { server, metrics, smtp } = config;
  const waits: string[] = [];
  if (server.workers > 1) waits.push('WORKERS is not used yet, so that one process serves');
  if (metrics.port !== null) waits.push('METRICS_PORT is not used yet, so that nothing listens there');
  if (smtp !== null) waits.push('SMTP_* is not used yet, so that no mail is sent');
  return waits.length === 0 ? null : `The service runs; ${waits.join('; ')}.`;
}
