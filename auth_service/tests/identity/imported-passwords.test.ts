import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { hash as hashArgon2 } from '@node-rs/argon2';
import { hash as hashBcrypt } from 'bcrypt';
import { observePasswords } from './observed-passwords.ts';

const ARGON2I = 1;
const PASSWORD = 'correct horse battery staple';

/** The example in the readme of github.com/firebase/scrypt, in GoTrue's notation. */
const FIREBASE_HASH =
  '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,' +
  'sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==' +
  '$42xEC+ixf3L2lw==' +
  '$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==';

/** RFC 7914 §12, the third vector, in the PHC notation. */
const SCRYPT_HASH = `$scrypt$ln=14,r=8,p=1$${unpadded(Buffer.from('SodiumChloride'))}$${unpadded(
  Buffer.from(
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
      'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    'hex',
  ),
)}`;

describe('password hashes of other systems', () => {
  const passwords = observePasswords();
  const bcrypt = hashBcrypt(PASSWORD, 4);

  const known: [name: string, hash: () => Promise<string>, password: string][] = [
    ['bcrypt', () => bcrypt, PASSWORD],
    ['bcrypt as PHP calls it', async () => (await bcrypt).replace('$2b$', '$2y$'), PASSWORD],
    ['bcrypt of the first kind', async () => (await bcrypt).replace('$2b$', '$2a$'), PASSWORD],
    ['scrypt', async () => SCRYPT_HASH, 'pleaseletmein'],
    ["Firebase's scrypt", async () => FIREBASE_HASH, 'user1password'],
    ['argon2i', () => hashArgon2(PASSWORD, { algorithm: ARGON2I, memoryCost: 4096, timeCost: 3 }), PASSWORD],
    [
      'argon2id, other parameters',
      () => hashArgon2(PASSWORD, { memoryCost: 4096, parallelism: 2 }),
      PASSWORD,
    ],
  ];
  for (const [name, hash, password] of known) {
    it(`${name}: the right password matches and the hash is to be replaced, a wrong one does not`, async () => {
      const stored = await hash();
      assert.deepEqual(await passwords.verify(password, stored), { matches: true, needsUpgrade: true });
      for (const wrong of [`${password} `, password.toUpperCase(), '']) {
        assert.equal((await passwords.verify(wrong, stored)).matches, false, JSON.stringify(wrong));
      }
    });
  }

  it('our own hash stays', async () => {
    const stored = await passwords.hash(PASSWORD);
    assert.deepEqual(await passwords.verify(PASSWORD, stored), { matches: true, needsUpgrade: false });
    assert.notEqual(await passwords.hash(PASSWORD), stored);
  });

  it('bcrypt takes no password that it would not read to its end, however it begins', async () => {
    const read = 'ä'.repeat(36);
    const stored = await hashBcrypt(read, 4);
    assert.equal((await passwords.verify(read, stored)).matches, true);
    assert.equal((await passwords.verify(`${read}!`, stored)).matches, false);
  });

  it('a text that is no hash matches nothing and costs a hash', async () => {
    const short = unpadded(scryptSync('', 'salt', 15, { N: 16 }));
    for (const stored of [
      '',
      PASSWORD,
      '$argon2id$',
      '$argon2id$v=19$m=1,t=0,p=0$c2FsdHNhbHQ$aGFzaA',
      '$2b$04$short',
      '$2b$99$wP9N/zdMjm8DHr902B57VOZObVCNNRHL55d/QXxNWg8Ic6HsYXjN6',
      // Of so little a hash, or of none, a part is guessed, or nothing is left to be wrong.
      `$scrypt$ln=4,r=8,p=1$${unpadded(Buffer.from('salt'))}$${short}`,
      '$scrypt$ln=4,r=8,p=1$c2FsdA$A',
      '$scrypt$ln=99,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAA',
      '$scrypt$ln=20,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAA',
      FIREBASE_HASH.slice(0, -4),
      FIREBASE_HASH.replace('v=1', 'v=2'),
    ]) {
      const before = passwords.count();
      for (const password of [PASSWORD, '', stored]) {
        assert.equal((await passwords.verify(password, stored)).matches, false, stored);
      }
      assert.equal(passwords.count() - before, 3);
    }
    assert.deepEqual(await passwords.verify('', null), { matches: false, needsUpgrade: false });
  });
});

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
