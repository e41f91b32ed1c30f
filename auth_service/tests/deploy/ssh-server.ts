import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { until } from '../support/until.ts';

const SSHD = '/usr/sbin/sshd';
/** Where it wants to shut itself in; Debian's init makes it. */
const PRIVILEGE_SEPARATION = '/run/sshd';

/** For `skip`. */
export const NO_SSH_SERVER = existsSync(SSHD) ? false : 'there is no sshd (apt-get install openssh-server)';

export interface SshServer extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  readonly privateKey: string;
  /** As a line of known_hosts. */
  readonly knownHosts: string;
  /** What another server would be known by. */
  readonly otherKnownHosts: string;
  /** Where log-ins begin. */
  readonly home: string;
}

/** OpenSSH on the loopback, for one key and the user of this process, in a home and with a PATH of its own. */
export async function startSshServer(path: string): Promise<SshServer> {
  const folder = temporaryDirectory('sshd');
  const home = join(folder, 'home');
  mkdirSync(home);
  const [host, other, user] = ['host', 'other', 'user'].map((name) => makeKey(join(folder, name)));
  const port = await freePort();
  writeFileSync(
    join(folder, 'config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
      `PidFile ${join(folder, 'pid')}`,
      // The folder lies below one that everybody may write to.
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      `SetEnv PATH=${path} HOME=${home}`,
      'ForceCommand cd "$HOME" && eval "$SSH_ORIGINAL_COMMAND"',
    ].join('\n'),
  );
  if (userInfo().uid === 0) mkdirSync(PRIVILEGE_SEPARATION, { recursive: true, mode: 0o755 });
  const child = spawn(SSHD, ['-D', '-e', '-f', join(folder, 'config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await listening(child);
  const line = (key = '') => `[127.0.0.1]:${port} ${key}`;
  return {
    port,
    home,
    user: userInfo().username,
    privateKey: readFileSync(join(folder, 'user'), 'utf8'),
    knownHosts: line(host),
    otherKnownHosts: line(other),
    async [Symbol.asyncDispose]() {
      child.kill();
      if (user !== undefined && child.exitCode === null)
        await new Promise((done) => child.once('close', done));
    },
  };
}

/** @returns the public half */
function makeKey(file: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file]);
  return readFileSync(`${file}.pub`, 'utf8').trim();
}

async function listening(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  process.once('exit', () => child.kill('SIGKILL'));
  await until(() => {
    if (child.exitCode !== null) throw new Error(`sshd ended at its start:\n${said}`);
    return said.includes('Server listening');
  });
}
