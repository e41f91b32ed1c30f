/** A Docker engine of our own, of Debian's packages, beside whatever else the machine has. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, command } from './command.ts';
import { say } from './report.ts';

/** What is kept from run to run: the stand-in images, and the layers of the last build. */
export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'paservices-image');

const PACKAGES: Readonly<Record<string, string>> = {
  dockerd: 'docker.io',
  iptables: 'iptables',
  debootstrap: 'debootstrap',
  'docker-compose': 'docker-compose',
};
/** Of containers none needs a way out but those that use the network of the machine. */
const LEAVES_THE_MACHINE_ALONE = [
  '--iptables=false',
  '--ip6tables=false',
  '--ip-forward=false',
  '--bridge=none',
];
const BRIDGE_FIREWALL = '/proc/sys/net/bridge/bridge-nf-call-iptables';
const INSTALL_TIMEOUT_MS = 180_000;
const START_SECONDS = 20;
const STOP_SECONDS = 20;

/** Null: it can be started. */
export function missingForPrivateEngine(): string | null {
  const remedy = 'Install Docker where registries can be reached, or run this as root on Debian.';
  if (process.getuid?.() !== 0) return `No Docker engine can be used, and this is not root. ${remedy}`;
  if (!existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get')) {
    return `No Docker engine can be used, and this is not Debian. ${remedy}`;
  }
  return null;
}

export async function startPrivateEngine(): Promise<{ socket: string; stop: () => Promise<void> }> {
  // Debian keeps daemons where not every path leads.
  process.env.PATH = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`;
  await installPackages();
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  for (const driver of ['overlay2', 'vfs']) {
    const engine = await tryToStart(driver);
    if (engine === null) continue;
    const restore = bridgePastFirewall();
    return { socket: engine.socket, stop: () => engine.stop().finally(restore) };
  }
  const log = readFileSync(join(CACHE, 'dockerd.log'), 'utf8').trim().split('\n').slice(-10);
  throw new Error(`dockerd does not start here:\n${log.join('\n')}`);
}

/** A firewall may drop what it knows nothing of, also between two containers of one bridge. As before, when called. */
function bridgePastFirewall(): () => void {
  try {
    const before = readFileSync(BRIDGE_FIREWALL, 'utf8');
    writeFileSync(BRIDGE_FIREWALL, '0');
    return () => writeFileSync(BRIDGE_FIREWALL, before);
  } catch {
    // Bridges do not ask the firewall here, or nobody may say so.
    return () => {};
  }
}

async function installPackages(): Promise<void> {
  const places = (process.env.PATH ?? '').split(delimiter);
  const wanted = Object.entries(PACKAGES)
    .filter(([program]) => !places.some((place) => existsSync(join(place, program))))
    .map(([, name]) => name);
  if (wanted.length === 0) return;
  say(`# installing ${wanted.join(' ')}`);
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: INSTALL_TIMEOUT_MS };
  const lock = ['-o', 'DPkg::Lock::Timeout=120'];
  await command(['apt-get', ...lock, 'update', '-qq'], options);
  await command(['apt-get', ...lock, 'install', '-y', '-qq', '--no-install-recommends', ...wanted], options);
}

async function tryToStart(driver: string) {
  const socket = join(CACHE, 'docker.sock');
  const state = join(CACHE, 'exec');
  rmSync(join(CACHE, 'docker.pid'), { force: true });
  const log = openSync(join(CACHE, 'dockerd.log'), 'w');
  const words = [
    ...['--data-root', join(CACHE, 'data'), '--exec-root', state, '--pidfile', join(CACHE, 'docker.pid')],
    ...['--host', `unix://${socket}`, '--storage-driver', driver, ...LEAVES_THE_MACHINE_ALONE],
  ];
  const daemon = spawn('dockerd', words, { stdio: ['ignore', log, log], detached: true });
  const ended = new Promise<void>((resolve) => {
    daemon.on('error', () => resolve());
    daemon.on('exit', () => resolve());
  });
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  const stop = async () => {
    daemon.kill('SIGTERM');
    await Promise.race([ended, sleep(STOP_SECONDS * 1000, undefined, { ref: false })]);
    if (!isOver) daemon.kill('SIGKILL');
    await attempt(['umount', join(state, 'netns/default')]);
  };
  const deadline = performance.now() + START_SECONDS * 1000;
  while (!isOver && performance.now() < deadline) {
    const env = { DOCKER_HOST: `unix://${socket}` };
    const { code } = await attempt(['docker', 'version'], { env, timeoutMs: 5000 });
    if (code === 0) return { socket, stop };
    await sleep(200);
  }
  await stop();
  return null;
}
