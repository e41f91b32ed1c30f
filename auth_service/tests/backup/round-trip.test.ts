import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isServiceError } from '#errors';
import { describeOn, describeOnEachDatabase } from '../support/databases.ts';
import { archiveOf, everything, FILL, openRoom, sealerOf } from './room.ts';

describeOnEachDatabase('an archive', (open) => {
  it('brings everything back as it was, into a database of its own', async () => {
    const source = await openRoom(open);
    await source.query(FILL);
    const target = await openRoom(open, { migrated: false });
    const { restored, leftOut } = await target.backups.restore(await source.archive());
    assert.equal(await everything(target), await everything(source));
    assert.equal(restored.get('auth_service_data.app_clients'), 1);
    assert.match(leftOut.join(' '), /ENCRYPTION_KEY/);
    const { state } = await target.storage.migrations.status();
    assert.equal(state, 'current');
  });

  it('undoes all that came later, the audit apart, when it may replace what is there', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const before = await everything(room);
    const file = await room.archive();
    await room.query(`
      delete from auth_service_data.roles;
      update auth_service_identity.users set password_hash = 'another';
      insert into auth_service_data.permissions values (gen_random_uuid(), 'late:one', null, now(), now());
      insert into auth_service_data.audit_events values
        (gen_random_uuid(), now(), 'role.deleted', 'success', 'system', null, null, null, null, null, '{}')`);
    const changed = await everything(room);
    await assert.rejects(
      room.backups.restore(file),
      (error) => isServiceError(error, 'target_not_empty') && /--force/.test(error.message),
    );
    assert.equal(await everything(room), changed);

    await room.backups.restore(file, { force: true });
    assert.equal(await everything(room), before);
    const actions = await room.query(
      'select action from auth_service_data.audit_events order by occurred_at',
    );
    const names = actions.map(({ action }) => action);
    assert.deepEqual(
      ['role.created', 'role.deleted', 'backup.restored'].filter((name) => !names.includes(name)),
      [],
    );
    assert.equal(names.filter((name) => name === 'role.created').length, 2);
  });

  it('ends every token and every log-in there was, and takes no log-in along', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const file = await room.archive();
    const issuedAt = Math.floor(room.clock.now().getTime() / 1000);
    assert.equal(room.revocations.isRevoked({ tokenId: 'one', issuedAt }), false);
    await room.backups.restore(file, { force: true });
    assert.equal(room.revocations.isRevoked({ tokenId: 'one', issuedAt }), true);
    assert.equal(room.revocations.isRevoked({ tokenId: 'later', issuedAt: issuedAt + 1 }), false);
    // Refreshed since, so that the token is new and the log-in is not.
    const userId = 'somebody';
    assert.equal(
      room.revocations.isRevoked({ userId, issuedAt: issuedAt + 60, startedAt: issuedAt - 60 }),
      true,
    );
    assert.equal(
      room.revocations.isRevoked({ userId, issuedAt: issuedAt + 60, startedAt: issuedAt + 1 }),
      false,
    );
    const sessions = await room.query('select count(*)::int as n from auth_service_identity.sessions');
    assert.deepEqual(sessions, [{ n: 0 }]);
    const kinds = await room.query('select kind from auth_service_data.revocations order by kind');
    assert.deepEqual(kinds, [{ kind: 'all' }, { kind: 'token' }]);
  });

  it('tells caches that rights have changed, and gives old months of the audit partitions of their own', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const file = await room.archive();
    const [before] = await room.query('select value::int from auth_service_data.rights_revision');
    await room.backups.restore(file, { force: true });
    const [after] = await room.query('select value::int from auth_service_data.rights_revision');
    assert.ok(Number(after?.value) > Number(before?.value));
    const target = await openRoom(open, { migrated: false });
    await target.backups.restore(file);
    const left = await target.query('select count(*)::int as n from auth_service_data.audit_events_default');
    assert.deepEqual(left, [{ n: 0 }]);
    const old = await target.query('select count(*)::int as n from auth_service_data.audit_events_2029_11');
    assert.deepEqual(old, [{ n: 1 }]);
  });

  it('of an older schema goes through the migrations after it', async () => {
    const source = await openRoom(open, { migrated: false });
    await source.storage.migrations.up({ to: 5 });
    await source.query(FILL);
    const file = await source.archive();
    assert.equal((await source.backups.inspect(file)).schemaVersion, 5);
    const target = await openRoom(open, { migrated: false });
    await target.backups.restore(file);
    const { state } = await target.storage.migrations.status();
    assert.equal(state, 'current');
    await source.storage.migrations.up();
    assert.equal(await everything(target), await everything(source));
  });

  it('without the audit leaves the audit alone', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const file = await room.archive({ withAudit: false });
    const { tables } = await room.backups.inspect(file);
    assert.equal(
      tables.find(({ name }) => name.endsWith('audit_events')),
      undefined,
    );
    await room.backups.restore(file, { force: true });
    const [row] = await room.query('select count(*)::int as n from auth_service_data.audit_events');
    assert.equal(row?.n, 3);
  });

  it('needs the encryption key of its maker, or is trusted without its signing keys', async () => {
    const source = await openRoom(open);
    await source.query(FILL);
    await source.query(`insert into auth_service_data.signing_keys (kid, algorithm, state, public_jwk, sealed_private_key, created_at)
      values ('k', 'ES256', 'active', '{}', '${sealerOf(2).seal(Buffer.from('x'), 'signing-key:k')}', now())`);
    const file = await archiveOf(source.as({ sealer: sealerOf(1, [2]) }));
    const target = await openRoom(open, { migrated: false });
    for (const sealer of [sealerOf(9), sealerOf(1)]) {
      // The second one opens the seal, and not what is sealed in the rows.
      await assert.rejects(target.as({ sealer }).restore(file), (error) =>
        isServiceError(error, 'encryption_key_mismatch'),
      );
    }
    assert.deepEqual((await target.storage.migrations.status()).database, 0);
    await target.as({ sealer: sealerOf(9) }).restore(file, { newKeys: true });
    const [count] = await target.query('select count(*)::int as n from auth_service_data.signing_keys');
    assert.equal(count?.n, 0);
    const [clients] = await target.query('select count(*)::int as n from auth_service_data.app_clients');
    assert.equal(clients?.n, 1);
    const other = await openRoom(open, { migrated: false });
    await other.as({ sealer: sealerOf(3, [2, 1]) }).restore(file);
    assert.equal(await everything(other), await everything(source));
  });
});

describeOn('postgres', 'an archive between the two kinds of database', (open) => {
  it('holds one moment, whatever is written while it is made', async () => {
    const room = await openRoom(open);
    await room.query(FILL);
    const before = await everything(room);
    let isFirst = true;
    const storage = {
      ...room.storage,
      archive: {
        ...room.storage.archive,
        read: ((options, work) =>
          room.storage.archive.read(options, (snapshot) =>
            work({
              ...snapshot,
              async *rows(table) {
                if (isFirst) {
                  await room.query(`delete from auth_service_data.role_permissions;
                    insert into auth_service_data.permissions values (gen_random_uuid(), 'late:one', null, now(), now())`);
                }
                isFirst = false;
                yield* snapshot.rows(table);
              },
            }),
          )) satisfies typeof room.storage.archive.read,
      },
    };
    const file = await archiveOf(room.as({ storage }));
    assert.equal(isFirst, false);
    const target = await openRoom(open, { migrated: false });
    await target.backups.restore(file);
    assert.equal(await everything(target), before);
  });
});
