import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Decrypter } from 'age-encryption';
import { packTar, unpackTar } from 'modern-tar';
import { sha256 } from '#crypto';
import { type ErrorCode, isServiceError } from '#errors';
import { describeOn } from '../support/databases.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { archiveOf, type BackupRoom, everything, FILL, openRoom, sealerOf } from './room.ts';

const PASSPHRASE = 'correct horse battery staple';

interface Entry {
  readonly name: string;
  readonly text: string;
}

describeOn('postgres', 'an archive that is not as it was written', (open) => {
  let room: BackupRoom;
  let untouched: string;
  let plain: Buffer;
  let encrypted: Buffer;

  before(async () => {
    room = await openRoom(open);
    await room.query(FILL);
    untouched = await everything(room);
    plain = readFileSync(await room.archive());
    encrypted = readFileSync(await archiveOf(room.as({ passphrase: PASSPHRASE })));
  });

  /** Refused, and with `--force` too nothing is touched. */
  async function refused(
    bytes: Buffer,
    code: ErrorCode,
    { passphrase = null, newKeys = false }: { passphrase?: string | null; newKeys?: boolean } = {},
  ): Promise<void> {
    const file = join(temporaryDirectory('damaged'), 'archive');
    writeFileSync(file, bytes);
    const backups = room.as({ passphrase });
    for (const work of [
      () => backups.inspect(file, { newKeys }),
      () => backups.restore(file, { force: true, newKeys }),
    ]) {
      await assert.rejects(work, (error) => {
        assert.ok(isServiceError(error, code), String(error));
        return true;
      });
    }
    assert.equal(await everything(room), untouched);
  }

  /** Between the blocks of a compressed file are bits that nobody reads. */
  function saysTheSame(bytes: Buffer): boolean {
    try {
      return gunzipSync(bytes).equals(gunzipSync(plain));
    } catch {
      return false;
    }
  }

  async function entries(): Promise<Entry[]> {
    const found = await unpackTar(gunzipSync(plain));
    return found.map(({ header, data }) => ({ name: header.name, text: Buffer.from(data ?? []).toString() }));
  }

  async function packed(changed: readonly Entry[]): Promise<Buffer> {
    const files = changed.map(({ name, text }) => {
      const body = Buffer.from(text);
      return { header: { name, size: body.length, type: 'file' as const }, body };
    });
    return gzipSync(await packTar(files));
  }

  /** As somebody does who knows the format, and has no key: every checksum is right again. */
  async function forged(change: (name: string, text: string) => string): Promise<Buffer> {
    const changed = (await entries()).map(({ name, text }) => ({ name, text: change(name, text) }));
    const withSums = changed.map(({ name, text }) => {
      if (name !== 'manifest.json') return { name, text };
      const manifest = JSON.parse(text);
      for (const each of manifest.files) {
        const file = changed.find((entry) => entry.name === each.name);
        each.sha256 = sha256(file?.text ?? '').toString('hex');
      }
      return { name, text: JSON.stringify(manifest) };
    });
    return await packed(withSums);
  }

  it('cut anywhere, it is refused', async () => {
    for (const share of [0, 0.1, 0.5, 0.9, 0.99]) {
      await refused(plain.subarray(0, Math.floor(plain.length * share)), 'archive_damaged');
    }
    await refused(plain.subarray(0, -1), 'archive_damaged');
    await refused(encrypted.subarray(0, -1), 'archive_damaged', { passphrase: PASSPHRASE });
    await refused(encrypted.subarray(0, encrypted.length / 2), 'archive_damaged', { passphrase: PASSPHRASE });
  });

  it('with one bit turned anywhere, it is refused', async () => {
    for (let at = 10; at < plain.length; at += Math.ceil(plain.length / 40)) {
      const bytes = Buffer.from(plain);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      if (!saysTheSame(bytes)) await refused(bytes, 'archive_damaged');
    }
    const bytes = Buffer.from(encrypted);
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
    await refused(bytes, 'archive_damaged', { passphrase: PASSPHRASE });
  });

  it('with other rows and right checksums, it is refused: nobody but the holder of the key makes one', async () => {
    const bytes = await forged((name, text) =>
      name.startsWith('auth_service_identity.users/') ? text.replace('ada@', 'eve@') : text,
    );
    await refused(bytes, 'archive_damaged');
    const otherSeal = sealerOf(9).seal(sha256('x'), 'backup-manifest');
    await refused(
      await forged((name, text) => (name === 'manifest.seal' ? otherSeal : text)),
      'encryption_key_mismatch',
    );
    await refused(await forged((name, text) => (name === 'manifest.seal' ? 'v1.' : text)), 'archive_damaged');
  });

  it('with an entry more, fewer, twice or elsewhere, it is refused, trusted or not', async () => {
    const found = await entries();
    const [first, second] = found as [Entry, Entry];
    const cases = [
      found.slice(1),
      [...found, first],
      [first, ...found],
      [second, first, ...found.slice(2)],
      found.slice(0, -1),
      [...found.slice(0, -1), { name: 'auth.users/000001.jsonl', text: '{}\n' }, ...found.slice(-1)],
    ];
    for (const changed of cases) {
      await refused(await packed(changed), 'archive_damaged', { newKeys: true });
    }
  });

  it('trusted without its key, it still says no word to the database but rows of its tables', async () => {
    const hostile = [
      (manifest: Manifest) => ({
        ...manifest,
        tables: manifest.tables.map((table) => ({ ...table, name: 'public.x; drop' })),
      }),
      (manifest: Manifest) => ({ ...manifest, format_version: 'x' }),
      (manifest: Manifest) => ({
        ...manifest,
        files: [{ name: 'x', table: 'pg_catalog.pg_authid', rows: 1, sha256: '' }],
      }),
      () => [],
      () => null,
    ];
    for (const change of hostile) {
      const bytes = await packed(
        (await entries()).map(({ name, text }) =>
          name === 'manifest.json'
            ? { name, text: JSON.stringify(change(JSON.parse(text))) }
            : { name, text },
        ),
      );
      await refused(bytes, 'archive_damaged', { newKeys: true });
    }
    const foreign = await forged((name, text) =>
      name === 'manifest.json'
        ? text.replaceAll('auth_service_data.bootstrap_marks', 'pg_catalog.pg_authid')
        : text,
    );
    await refused(foreign, 'archive_damaged', { newKeys: true });
  });

  it('of a later format or schema, it says that it needs a later version', async () => {
    const later = (name: string, value: number) =>
      forged((entry, text) =>
        entry === 'manifest.json' ? text.replace(new RegExp(`("${name}"): \\d+`), `$1: ${value}`) : text,
      );
    await refused(await later('format_version', 2), 'archive_too_new', { newKeys: true });
    await refused(await later('schema_version', 999), 'archive_too_new', { newKeys: true });
  });

  it('that is none, it is refused', async () => {
    await refused(Buffer.alloc(0), 'archive_damaged');
    await refused(Buffer.from('SELECT 1; -- a dump of another tool'), 'archive_damaged');
    await refused(gzipSync('something else'), 'archive_damaged');
    await refused(await packed([]), 'archive_damaged');
    await assert.rejects(room.backups.inspect('/nowhere/at/all'), (error) =>
      isServiceError(error, 'not_found'),
    );
    await assert.rejects(room.backups.inspect(temporaryDirectory('x')), (error) =>
      isServiceError(error, 'not_found'),
    );
  });

  it('encrypted, it opens with its passphrase alone, and with the tools of age', async () => {
    await refused(encrypted, 'archive_locked');
    await refused(encrypted, 'archive_locked', { passphrase: 'correct horse battery stable' });
    for (const word of ['ada', 'manifest', 'auth_service']) assert.ok(!encrypted.includes(word), word);
    const decrypter = new Decrypter();
    decrypter.addPassphrase(PASSPHRASE);
    const tar = gunzipSync(await decrypter.decrypt(encrypted));
    assert.equal((await unpackTar(tar)).at(-2)?.header.name, 'manifest.json');
  });

  it('whose rows do not fit undoes everything', async () => {
    const bytes = await forged((name, text) =>
      name.startsWith('auth_service_data.user_roles/')
        ? text.replace(/"role_id": "[^"]+"/, '"role_id": "00000000-0000-4000-8000-00000000dead"')
        : text,
    );
    const file = join(temporaryDirectory('misfit'), 'archive');
    writeFileSync(file, bytes);
    await assert.rejects(room.backups.restore(file, { force: true, newKeys: true }));
    assert.equal(await everything(room), untouched);
  });
});

interface Manifest {
  readonly tables: readonly { readonly name: string }[];
}
