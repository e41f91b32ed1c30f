import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { type Exit, start } from '../cli/child-process.ts';
import { describeOn } from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { findPostgresBinaries } from '../support/postgres-cluster.ts';
import { createPostgresDatabase } from '../support/postgres-databases.ts';
import { createReplica, type Replica } from '../support/replica.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { until } from '../support/until.ts';
import { blocksOf, folderOfPrograms, kindOf } from './blocks.ts';

/** Whoever reads that has stopped every replica: it stands above. */
const NEEDS_A_STOP = /pg_restore|auth-service restore (?!.*--(?:drill|dry-run))/;
/** A caller without a token is refused, which is what is looked for in the log. */
const REFUSED = /look-for-me/;

/** One shell over all blocks, so that what one sets the next one has. */
async function paste(t: TestContext, blocks: readonly string[], env: Record<string, string>): Promise<Exit> {
  const script = blocks.join('\n');
  return await start(t, ['/bin/bash', '-euo', 'pipefail', '-c', script], { env }).exit;
}

async function settingsOf(t: TestContext): Promise<Record<string, string>> {
  const { config, drop } = await createPostgresDatabase({ migrated: true });
  t.after(drop);
  return {
    ENVIRONMENT: 'testing',
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    PUBLIC_URL: 'http://localhost:8000',
    DATA_DIR: temporaryDirectory('data'),
    AUTH_SERVICE_DATABASE_URL: config.url,
    ENCRYPTION_KEY: Buffer.alloc(32, 3).toString('base64'),
  };
}

/** Blocks that want the service stopped are pasted while it is; the rest beside it. What was set is set again. */
async function paster(t: TestContext, server: Replica, env: Record<string, string>) {
  const state = join(temporaryDirectory('state'), 'variables');
  return async (block: string) => {
    const stops = NEEDS_A_STOP.test(block);
    if (stops) await server.stop();
    const before = `if [ -f ${state} ]; then . ${state}; fi`;
    const after = `{ for name in BACKUP_PASSPHRASE newest; do [ -z "\${!name:-}" ] || printf '%s=%q\\nexport %s\\n' "$name" "\${!name}" "$name"; done; } > ${state}`;
    const { code, stdout, stderr } = await paste(t, [before, block, after], env);
    assert.equal(code, 0, `${block}\n${stdout}${stderr}`);
    if (stops) await server.start();
    return stdout + stderr;
  };
}

describeOn('postgres', 'the command blocks of docs/operations.md', () => {
  it('run in their order, on a service with PostgreSQL', async (t) => {
    const settings = await settingsOf(t);
    await using server = createReplica(settings);
    await server.start();
    const binaries = findPostgresBinaries();
    const env = {
      ...settings,
      PATH: [
        folderOfPrograms(),
        dirname(process.execPath),
        ...(binaries === null ? [] : [binaries]),
        process.env.PATH,
      ].join(':'),
      URL: server.url,
      BACKUPS: temporaryDirectory('backups'),
    };
    const run = await paster(t, server, env);
    const blocks = blocksOf('docs/operations.md').filter((block) => kindOf(block) === 'here');
    let ran = 0;
    for (const { language, text } of blocks) {
      if (language === 'sql')
        await run(`psql --set=ON_ERROR_STOP=1 "$AUTH_SERVICE_DATABASE_URL" <<'SQL'\n${text}SQL`);
      else {
        const said = await run(text);
        if (REFUSED.test(text)) assert.match(said, /no_authorization/);
      }
      ran += 1;
    }
    assert.equal(ran, blocks.length);
    await until(async () => server.lines.some(({ request_id }) => request_id === 'look-for-me'));
    process.stdout.write(`docs/operations.md: ${ran} blocks were run\n`);
  });
});
