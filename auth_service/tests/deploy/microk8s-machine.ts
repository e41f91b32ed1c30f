import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Exit, REPOSITORY, start } from '../cli/child-process.ts';
import { createStandIns } from './stand-ins.ts';

export const SCRIPT = join(REPOSITORY, 'scripts/setup_microk8s.sh');
export const ADDONS = ['dns', 'hostpath-storage', 'ingress', 'cert-manager', 'metrics-server', 'registry'];

export interface MachineOptions {
  readonly system?: string;
  readonly processor?: string;
  readonly userId?: number;
  readonly hasSnap?: boolean;
  readonly hasKubectl?: boolean;
  readonly isOffline?: boolean;
  /** What never gets ready, as `kubectl rollout status` names it. */
  readonly stuck?: string;
}

/** A machine to set up: what the script calls is played, and keeps what it was told. */
export interface Machine {
  run(t: TestContext, ...argv: string[]): Promise<Exit>;
  calls(): string[];
  /** What changes something, of what was called. */
  changes(): string[];
  forgetCalls(): void;
  /** What was applied by standard input. */
  applied(): string;
}

const SNAP = `case "$1" in
  list) [ -e "$STAND_IN/installed" ] ;;
  info) [ ! -e "$STAND_IN/offline" ] ;;
  install)
    [ ! -e "$STAND_IN/offline" ] || exit 1
    touch "$STAND_IN/installed"
    ln -s microk8s-when-installed "$STAND_IN/programs/microk8s" ;;
  alias) ln -s microk8s "$STAND_IN/programs/$3" ;;
esac`;

const MICROK8S = `printf '%s\\n' "microk8s $*" >> "$STAND_IN/calls"
case "$*" in
  'status --wait-ready'*) ;;
  'status --addon'*) if [ -e "$STAND_IN/on-$3" ]; then echo enabled; else echo disabled; fi ;;
  enable*) touch "$STAND_IN/on-$2" ;;
  *'get daemonset'*) echo daemonset.apps/traefik ;;
  *'apply -f -') cat > "$STAND_IN/applied" ;;
  *"rollout status $(cat "$STAND_IN/stuck")"*) exit 1 ;;
esac`;

/** What a bare Ubuntu has of what the script uses. */
const COREUTILS = ['cat', 'dirname', 'grep', 'head', 'ln', 'sed', 'timeout', 'touch'];

export function createMachine(options: MachineOptions = {}): Machine {
  const { system = 'ubuntu', processor = 'x86_64', userId = 0 } = options;
  const scripts = {
    id: `case "$1" in -u) echo ${userId} ;; *) echo ubuntu sudo ;; esac`,
    uname: `echo ${processor}`,
    usermod: '',
    ...(options.hasSnap === false ? {} : { snap: SNAP }),
    ...(options.hasKubectl ? { kubectl: '' } : {}),
  };
  const { folder, env, calls } = createStandIns(scripts, { only: COREUTILS });
  const file = (name: string) => join(folder, name);
  writeFileSync(file('programs/microk8s-when-installed'), `#!/bin/sh\n${MICROK8S}\n`, { mode: 0o755 });
  writeFileSync(file('os-release'), `NAME="Some Linux"\nID=${system}\nVERSION_ID="24.04"\n`);
  writeFileSync(file('stuck'), options.stuck ?? 'nothing');
  if (options.isOffline) writeFileSync(file('offline'), '');
  return {
    calls,
    changes: () =>
      calls().filter((call) => /^(snap (install|alias)|usermod|microk8s enable)|apply/.test(call)),
    forgetCalls: () => rmSync(file('calls'), { force: true }),
    applied: () => (existsSync(file('applied')) ? readFileSync(file('applied'), 'utf8') : ''),
    run: (t, ...argv) =>
      start(t, ['/bin/bash', SCRIPT, ...argv], {
        env: { ...env, OS_RELEASE: file('os-release'), SUDO_USER: 'ubuntu' },
      }).exit,
  };
}
