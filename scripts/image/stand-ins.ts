/**
 * Images of Debian's packages that bear the names of the real ones, for where no registry can be reached. What is proven
 * on them is our image and our Compose files; what the real ones do at their start, only they show.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt, command } from './command.ts';
import type { Engine } from './engine.ts';
import { NODE_IMAGE, SERVICE_IMAGES } from './images.ts';
import { CACHE } from './private-engine.ts';
import { say } from './report.ts';

const DEBIAN = 'bookworm';
const BOOTSTRAP_TIMEOUT_MS = 180_000;
const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

const SERVICES = `FROM ${NODE_IMAGE}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive \\
  apt-get install -y -qq --no-install-recommends redis-server haproxy postgresql wget >/dev/null \\
  && rm -rf /var/lib/apt/lists/* /etc/postgresql /var/lib/postgresql/*
`;

/** As the real ones have them: who runs, and whose the folders are that volumes take over. */
const REDIS = `FROM paservices-services
RUN groupadd -g 999 -o standin && install -d -o 999 -g 1000 /data
CMD ["redis-server"]
`;
const HAPROXY =
  'FROM paservices-services\nCMD ["haproxy", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]\n';
const POSTGRES = `FROM paservices-services
RUN userdel postgres && useradd -o -u 999 -d /var/lib/postgresql postgres \\
  && install -d -o 999 -g 999 -m 1777 /var/lib/postgresql/data && ln -s /usr/lib/postgresql/15/bin/* /usr/local/bin/ -f
COPY entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENV PGDATA=/var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
`;
/** Of the real one's, the variables that the Compose file uses. */
const POSTGRES_ENTRYPOINT = `#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
`;

export async function buildStandIns(engine: Engine): Promise<void> {
  if (!(await has(engine, NODE_IMAGE))) await importNode(engine);
  await build(engine, 'paservices-services', SERVICES);
  await build(engine, SERVICE_IMAGES.redis, REDIS);
  await build(engine, SERVICE_IMAGES.haproxy, HAPROXY);
  await build(engine, SERVICE_IMAGES.postgres, POSTGRES, { 'entrypoint.sh': POSTGRES_ENTRYPOINT });
}

async function has(engine: Engine, image: string): Promise<boolean> {
  return (await attempt(['docker', 'image', 'inspect', image], { env: engine.env })).code === 0;
}

async function build(engine: Engine, name: string, dockerfile: string, files: Record<string, string> = {}) {
  const context = join(CACHE, 'context');
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  for (const [file, text] of Object.entries({ ...files, Dockerfile: dockerfile })) {
    writeFileSync(join(context, file), text, { mode: 0o755 });
  }
  if (!(await has(engine, name))) say(`# making a stand-in: ${name}`);
  const options = { timeoutMs: BOOTSTRAP_TIMEOUT_MS };
  await engine.docker(['build', '--quiet', '--network=host', '--tag', name, context], options);
}

/** Debian's smallest, with this Node and this npm, under the name of the base image. */
async function importNode(engine: Engine): Promise<void> {
  say(`# making a stand-in: ${NODE_IMAGE}`);
  const npm = process.env.npm_execpath;
  if (npm === undefined) throw new Error('Run it with npm run test:image: the stand-in takes its npm along.');
  const root = join(CACHE, 'rootfs');
  rmSync(root, { recursive: true, force: true });
  const words = ['debootstrap', '--variant=minbase', '--include=ca-certificates', DEBIAN, root];
  await command([...words, await debianMirror()], { timeoutMs: BOOTSTRAP_TIMEOUT_MS });
  const local = join(root, 'usr/local');
  cpSync(process.execPath, join(local, 'bin/node'), { dereference: true });
  chmodSync(join(local, 'bin/node'), 0o755);
  cpSync(dirname(dirname(npm)), join(local, 'lib/node_modules/npm'), { recursive: true, dereference: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  chmodSync(join(local, 'lib/node_modules/npm/bin/npm-cli.js'), 0o755);
  await takeNetworkSettings(root);
  await command(['chroot', root, 'useradd', '-u', '1000', '-m', 'node']);
  const archive = join(CACHE, 'rootfs.tar');
  await command(['tar', '-C', root, '-cf', archive, '.']);
  const changes = [`ENV NODE_VERSION=${process.versions.node}`, `ENV NODE_EXTRA_CA_CERTS=${BUNDLE}`];
  await engine.docker(['import', ...changes.flatMap((change) => ['-c', change]), archive, NODE_IMAGE]);
  rmSync(archive);
  rmSync(root, { recursive: true, force: true });
}

/** How this machine reaches npm and Debian, so does the build: certificates, registry, proxy. */
async function takeNetworkSettings(root: string): Promise<void> {
  if (existsSync(BUNDLE)) cpSync(BUNDLE, join(root, BUNDLE), { dereference: true });
  const registry = (await attempt(['npm', 'config', 'get', 'registry'])).stdout.trim();
  mkdirSync(join(root, 'usr/local/etc'), { recursive: true });
  if (registry.startsWith('http')) {
    writeFileSync(join(root, 'usr/local/etc/npmrc'), `registry=${registry}\n`);
  }
  const { stdout } = await attempt(['apt-config', 'dump', 'Acquire::http::Proxy']);
  if (stdout.trim() !== '') writeFileSync(join(root, 'etc/apt/apt.conf.d/99proxy'), stdout);
}

async function debianMirror(): Promise<string> {
  const asked = ['apt-get', 'indextargets', '--format', '$(REPO_URI) $(CODENAME)', 'Created-By: Packages'];
  const { stdout } = await attempt(asked);
  const line = stdout.split('\n').find((each) => each.endsWith(`/debian/ ${DEBIAN}`));
  return line?.split(' ')[0] ?? 'http://deb.debian.org/debian/';
}
