import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseManifests } from './kubernetes-manifests.ts';
import { schemaFaults } from './kubernetes-schema.ts';
import { ADDONS, createMachine, type MachineOptions } from './microk8s-machine.ts';

describe('scripts/setup_microk8s.sh', () => {
  for (const processor of ['x86_64', 'aarch64']) {
    it(`sets a fresh machine up, looks at each add-on, and says what is next: ${processor}`, async (t) => {
      const machine = createMachine({ processor });
      const { code, stdout, stderr } = await machine.run(t, '--email', 'ops@acme.test');
      assert.deepEqual([code, stderr], [0, '']);
      assert.deepEqual(machine.changes(), [
        'snap install microk8s --classic --channel=1.35/stable',
        ...ADDONS.map((addon) => `microk8s enable ${addon}`),
        'snap alias microk8s.kubectl kubectl',
        'usermod --append --groups microk8s ubuntu',
        'microk8s kubectl apply -f -',
      ]);
      for (const addon of ADDONS) assert.match(stdout, new RegExp(`Add-on ${addon} works`));
      const looked = machine.calls().filter((call) => /rollout status|kubectl wait|kubectl get/.test(call));
      for (const part of [
        'deployment/coredns --namespace kube-system',
        'deployment/hostpath-provisioner --namespace kube-system',
        'storageclass microk8s-hostpath',
        'daemonset.apps/traefik --namespace ingress',
        'ingressclass public',
        'deployment/cert-manager-webhook --namespace cert-manager',
        'deployment/metrics-server --namespace kube-system',
        'apiservice/v1beta1.metrics.k8s.io',
        'deployment/registry --namespace container-registry',
      ]) {
        assert.ok(
          looked.some((call) => call.includes(part)),
          part,
        );
      }
      for (const word of ['localhost:32000/paservices-auth', 'kubectl get nodes', 'CLOSE PORTS 32000']) {
        assert.ok(stdout.includes(word), word);
      }
    });
  }

  it('makes the issuer of certificates with the given address, and none without', async (t) => {
    const machine = createMachine();
    const without = await machine.run(t);
    assert.deepEqual([without.code, machine.applied()], [0, '']);
    assert.match(without.stdout, /still to be made: .*--email/);
    await machine.run(t, '--email', 'ops+le@acme.test');
    const [issuer, ...more] = parseManifests(machine.applied());
    assert.ok(issuer !== undefined && more.length === 0);
    assert.deepEqual(schemaFaults(issuer), []);
    assert.equal(issuer.spec.acme.email, 'ops+le@acme.test');
  });

  it('changes nothing at the second run, and looks at everything again', async (t) => {
    const machine = createMachine({ hasKubectl: true });
    assert.equal((await machine.run(t)).code, 0);
    const looks = machine.calls().filter((call) => call.includes('rollout status')).length;
    machine.forgetCalls();
    const { code, stdout } = await machine.run(t);
    assert.equal(code, 0);
    assert.deepEqual(
      machine.changes().filter((call) => !call.startsWith('usermod')),
      [],
    );
    assert.equal(machine.calls().filter((call) => call.includes('rollout status')).length, looks);
    assert.match(stdout, /installed already/);
  });

  it('says which add-on does not get ready, where to look, and goes no further', async (t) => {
    const machine = createMachine({ stuck: 'deployment/metrics-server' });
    const { code, stderr } = await machine.run(t);
    assert.equal(code, 1);
    assert.match(stderr, /metrics-server was not ready within 300 seconds/);
    assert.match(stderr, /get pods,events --namespace kube-system/);
    assert.deepEqual(
      machine.changes().filter((call) => call.includes('enable')),
      ADDONS.slice(0, -1).map((addon) => `microk8s enable ${addon}`),
    );
  });

  it('leaves a kubectl that is there alone', async (t) => {
    const machine = createMachine({ hasKubectl: true });
    assert.equal((await machine.run(t)).code, 0);
    assert.ok(!machine.calls().some((call) => call.startsWith('snap alias')));
  });

  it('in a dry run says what it would do, and does nothing', async (t) => {
    for (const userId of [0, 1000]) {
      const machine = createMachine({ userId });
      const { code, stdout } = await machine.run(t, '--dry-run', '--email', 'ops@acme.test');
      assert.equal(code, 0);
      assert.deepEqual(machine.changes(), []);
      for (const addon of ADDONS) assert.match(stdout, new RegExp(`would run: .*enable ${addon}`));
      assert.match(stdout, /would run: snap install microk8s/);
      assert.match(stdout, /would apply: .*cluster-issuer\.yaml/);
      assert.match(stdout, /nothing was changed/);
    }
  });
});

const REFUSALS: readonly (readonly [string, MachineOptions, RegExp, RegExp])[] = [
  ['without root', { userId: 1000 }, /root is needed/, /sudo/],
  ['on another system', { system: 'fedora' }, /fedora, not Ubuntu/, /canonical\.com\/microk8s/],
  ['on another processor', { processor: 'riscv64' }, /processor is riscv64/, /amd64.*arm64/],
  ['without snap', { hasSnap: false }, /snap is not there/, /apt-get install -y snapd/],
  ['without a network', { isOffline: true }, /snap store does not answer/, /api\.snapcraft\.io/],
];

describe('scripts/setup_microk8s.sh refuses, with a remedy and before anything is changed,', () => {
  for (const [name, options, problem, remedy] of REFUSALS) {
    it(name, async (t) => {
      const machine = createMachine(options);
      const { code, stderr } = await machine.run(t);
      assert.equal(code, 1);
      assert.match(stderr, problem);
      assert.match(stderr, remedy);
      assert.deepEqual(machine.changes(), []);
    });
  }

  it('arguments that it does not know, or that a file would take for more than a word', async (t) => {
    for (const argv of [
      ['--addon', 'x'],
      ['--email'],
      ['--email', 'a|b@acme.test'],
      ['--email', 'x'],
      ['--timeout', '0'],
      ['--channel', '1.35;reboot'],
    ]) {
      const machine = createMachine();
      const { code, stderr } = await machine.run(t, ...argv);
      assert.equal(code, 2, argv.join(' '));
      assert.match(stderr, /Usage: /);
      assert.deepEqual(machine.changes(), []);
    }
  });

  it('nothing to who asks for help', async (t) => {
    const { code, stdout } = await createMachine({ userId: 1000, system: 'fedora' }).run(t, '--help');
    assert.equal(code, 0);
    assert.match(stdout, /--dry-run/);
  });
});
