import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { REPOSITORY, start } from '../cli/child-process.ts';
import { temporaryDirectory } from '../support/run-directory.ts';
import { appliedIn } from './kubernetes-guide.ts';
import { find, kubectlSkipReason, type Manifest, parseManifests } from './kubernetes-manifests.ts';
import { schemaFaults } from './kubernetes-schema.ts';
import { SCRIPT } from './microk8s-machine.ts';
import { createStandIns, type StandIns, whereIs } from './stand-ins.ts';

const DOCUMENT = join(REPOSITORY, 'docs/deploy/kubernetes.md');
const skip = kubectlSkipReason();
const noShellcheck =
  spawnSync('shellcheck', ['--version']).status === 0
    ? false
    : 'shellcheck is not there (apt-get install shellcheck)';

/** Its command blocks in their order; those within a list without its indentation. */
function commandBlocks(): string[] {
  const text = readFileSync(DOCUMENT, 'utf8');
  return [...text.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm)].map(([, indentation = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
  );
}

/**
 * Applies what is given, and builds what needs no cluster. All else goes to the real kubectl, which finds no cluster: that
 * is as it should be, and whatever else it complains of is a command that is wrong.
 */
const KUBECTL = `real=${skip === false ? whereIs('kubectl') : ''}
case "$*" in
  'apply -f -') cat > "$STAND_IN/one" ;;
  'apply -f '*) cat "$3" > "$STAND_IN/one" ;;
  'apply -k '*) "$real" kustomize "$3" > "$STAND_IN/one" ;;
  kustomize*|*--dry-run=client*) exec "$real" "$@" ;;
  *) said=$("$real" --server http://127.0.0.1:1 "$@" 2>&1) && exit 0
     case "$said" in *refused*) exit 0 ;; *) echo "$said" >&2; exit 1 ;; esac ;;
esac
cat "$STAND_IN/one" >> "$STAND_IN/applied"; echo '---' >> "$STAND_IN/applied"`;

async function runBlocks(t: TestContext, blocks: readonly string[]): Promise<StandIns> {
  const standIns = createStandIns({
    kubectl: KUBECTL,
    aws: '',
    docker: '',
    git: '[ "$1" = clone ] && mkdir "$(basename "$2")"',
    helm: 'case "$*" in *"--values -"*) cat > "$STAND_IN/values" ;; esac',
    sudo: '',
  });
  const cwd = temporaryDirectory('deployer');
  symlinkSync(join(REPOSITORY, 'k8s'), join(cwd, 'k8s'));
  for (const block of blocks) {
    const { code, stderr } = await start(t, ['/bin/bash', '-euo', 'pipefail', '-c', block], {
      env: standIns.env,
      cwd,
    }).exit;
    assert.equal(code, 0, `${block}\n${stderr}`);
  }
  return standIns;
}

describe('the command blocks of docs/deploy/kubernetes.md', () => {
  const blocks = commandBlocks();

  it('run in their order beside a cluster that is played, and apply what its API takes', {
    skip,
  }, async (t) => {
    t.diagnostic(`${blocks.length} blocks, each of which names a cluster or a cloud`);
    const standIns = await runBlocks(t, blocks);
    const manifests = parseManifests(appliedIn(standIns.folder));
    const kinds = new Set(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    for (const name of [
      'Secret paservices-extra',
      'StatefulSet paservices-redis',
      'CronJob paservices-backup',
      'Job paservices-restore',
      'Pod paservices-browse',
      'ClusterIssuer letsencrypt-prod',
      'NetworkPolicy paservices',
    ]) {
      assert.ok(kinds.has(name), name);
    }
    for (const manifest of manifests) assert.deepEqual(faultsOf(manifest), [], manifest.metadata.name);
  });

  it('bring a secret with every sign of the shell as it is, which the double quotes of the guide do not', {
    skip,
  }, async (t) => {
    const password = 'a$HOME`b`"c\\d e';
    const changed = blocks.map((block) =>
      block.replace('your-jwt-secret\nREDIS', () => `${password}\nREDIS`),
    );
    const wanted = changed.filter((block) => /\.env\.kubernetes( |$)/m.test(block));
    assert.equal(wanted.length, 2);
    const { folder } = await runBlocks(t, wanted);
    const { data } = find(parseManifests(appliedIn(folder)), 'Secret', 'paservices-secrets');
    assert.equal(Buffer.from(data?.M2M_JWT_SECRET_KEY ?? '', 'base64').toString(), password);
    const inGuide = spawnSync('/bin/bash', ['-c', 'echo -n "a$HOME"'], { encoding: 'utf8' }).stdout;
    assert.notEqual(inGuide, 'a$HOME');
  });

  it('have no fault that shellcheck finds, and neither has the script for MicroK8s', {
    skip: noShellcheck,
  }, () => {
    // Variables for the next block, `cat FILE |` as the guide writes, and `cd` where a person looks on.
    const options = ['--shell=bash', '--exclude=SC2002,SC2034,SC2164', '-'];
    for (const block of blocks) {
      const { status, stdout } = spawnSync('shellcheck', options, { input: block, encoding: 'utf8' });
      assert.equal(status, 0, stdout);
    }
    const { status, stdout } = spawnSync('shellcheck', [SCRIPT], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
});

function faultsOf(manifest: Manifest): string[] {
  const left = /DOCKER_REGISTRY|IMAGE_TAG|_BASE64|AUTH_DOMAIN_VALUE|ACME_EMAIL_VALUE|ARCHIVE_NAME/;
  const found = left.exec(JSON.stringify(manifest));
  return [...schemaFaults(manifest), ...(found === null ? [] : [`${found[0]} was not replaced`])];
}
