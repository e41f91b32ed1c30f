import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { REPOSITORY, start } from '../cli/child-process.ts';
import { createStandIns } from '../deploy/stand-ins.ts';
import { describeOn } from '../support/databases.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { blocksOf, folderOfPrograms } from './blocks.ts';

const SERVICES = 'auth_service traefik redis db backup docker_socket';

/** Compose as far as a page can be wrong about it: files, services and verbs; what runs in the service runs for real. */
const DOCKER = `
known() { case " ${SERVICES} " in *" $1 "*) ;; *) echo "no service $1" >&2; exit 1 ;; esac }
[ "$1" = compose ] || exit 2
shift
while :; do
  case "$1" in
    -f) [ -f "$2" ] || { echo "no file $2" >&2; exit 1; }; shift 2 ;;
    --profile) [ "$2" = backup ] || exit 1; shift 2 ;;
    *) break ;;
  esac
done
verb=$1; shift
case "$verb" in
  exec) known "$1"; shift; exec "$@" ;;
  run) [ "$1" = --rm ] || exit 1; known "$2"; shift 2; exec "$@" ;;
  up) [ "$*" = -d ] ;;
  ps) [ -z "$*" ] ;;
  pull) [ "$*" = --ignore-buildable ] || [ -z "$*" ] ;;
  build) [ "$*" = --pull ] ;;
  cp) known "\${1%%:*}"; [ "\${1#*:}" = /backups ] ;;
  logs) for word; do case "$word" in -f|--no-log-prefix|--since|1h) ;; *) known "$word" ;; esac; done ;;
  *) echo "unknown verb $verb" >&2; exit 1 ;;
esac`;

describeOn('postgres', 'the command blocks of docs/deploy/compose.md', () => {
  it('run in their order beside a stand-in for Docker, and in the service for real', async (t) => {
    const { config, drop } = await createPostgresDatabase({ migrated: false });
    t.after(drop);
    const standIns = createStandIns({
      docker: DOCKER,
      sudo: '',
      curl: '',
      git: '[ "$1" = clone ] && mkdir -p "$3/auth_service" || true',
    });
    const cwd = temporaryDirectory('server');
    const folder = join(cwd, 'paservices/auth_service');
    mkdirSync(folder, { recursive: true });
    for (const file of [
      'docker-compose.prod.yml',
      'docker-compose.standalone.yml',
      '.env.production.example',
    ]) {
      cpSync(join(REPOSITORY, 'auth_service', file), join(folder, file));
    }
    const script = blocksOf('docs/deploy/compose.md').map(({ text }) => text);
    const env = {
      PATH: [standIns.env.PATH, folderOfPrograms(), dirname(process.execPath)].join(':'),
      STAND_IN: standIns.folder,
      ENVIRONMENT: 'testing',
      IDENTITY: 'embedded',
      DATA_DIR: temporaryDirectory('data'),
      AUTH_SERVICE_DATABASE_URL: config.url,
      ENCRYPTION_KEY: Buffer.alloc(32, 5).toString('base64'),
    };
    const { code, stdout, stderr } = await start(
      t,
      ['/bin/bash', '-euo', 'pipefail', '-c', script.join('\n')],
      { env, cwd },
    ).exit;
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /the schema is at version/);
    assert.match(stdout, /client_secret\s+pas_/);
    const written = readFileSync(join(folder, '.env'), 'utf8');
    assert.match(written, /^ACME_EMAIL=.*\nAUTH_DOMAIN=.*\nSUPABASE_NETWORK=.*\n/);
    process.stdout.write(
      `docs/deploy/compose.md: ${script.length} blocks were run, ${standIns.calls().length} calls of stand-ins\n`,
    );
  });

  it('would fail on a service, a file or a verb that is not there', async (t) => {
    const { env } = createStandIns({ docker: DOCKER });
    const cwd = temporaryDirectory('wrong');
    writeFileSync(join(cwd, 'docker-compose.prod.yml'), '');
    for (const words of [
      '-f docker-compose.yml ps',
      '-f docker-compose.prod.yml exec auth true',
      'down -v',
      '--profile backups up -d',
    ]) {
      const { code } = await start(t, ['/bin/sh', '-c', `docker compose ${words}`], { env, cwd }).exit;
      assert.notEqual(code, 0, words);
    }
  });
});
