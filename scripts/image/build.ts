import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { NODE_IMAGE } from './images.ts';
import type { Report } from './report.ts';

export const IMAGE = 'localhost/paservices-auth:test';

const ROOT = join(import.meta.dirname, '../..');
const BUILD_TIMEOUT_MS = 240_000;
/** What our layers may add to the base image. */
const MOST_BYTES = 90_000_000;
const REVISION = 'a revision of the proof';

/** Builds the image as a deployer does, and looks at what came out. */
export async function buildImage(engine: Engine, report: Report): Promise<void> {
  const startedAt = performance.now();
  const labels = {
    VERSION: '1.2.3',
    REVISION,
    SOURCE: 'https://example.com',
    CREATED: '2026-01-01T00:00:00Z',
  };
  const words = ['build', '--network=host', '--file', 'auth_service/Dockerfile', '--tag', IMAGE];
  const args = Object.entries(labels).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  await engine.docker([...words, ...args, '.'], { cwd: ROOT, timeoutMs: BUILD_TIMEOUT_MS });
  report.measured('built in', `${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  await checkSize(engine, report);
  await checkDescription(engine, report);
  await checkContent(engine, report);
}

async function checkSize(engine: Engine, report: Report): Promise<void> {
  const sizes = await engine.docker(['image', 'inspect', '--format', '{{.Size}}', NODE_IMAGE, IMAGE]);
  const [base = 0, whole = 0] = sizes.split('\n').map(Number);
  report.measured('our layers', `${((whole - base) / 1e6).toFixed(1)} MB`);
  report.check('our layers add at most 90 MB', whole - base <= MOST_BYTES, whole - base);
}

interface Description {
  readonly User: string;
  readonly Cmd: readonly string[];
  readonly Entrypoint: readonly string[] | null;
  readonly StopSignal: string;
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly Labels: Readonly<Record<string, string>>;
  readonly Env: readonly string[];
}

async function checkDescription(engine: Engine, report: Report): Promise<void> {
  const text = await engine.docker(['image', 'inspect', '--format', '{{json .Config}}', IMAGE]);
  const { User, Cmd, Entrypoint, StopSignal, Healthcheck, Labels, Env } = JSON.parse(text) as Description;
  report.check('it runs as a user who is told by number', User === '1000:1000', User);
  report.check('the service is its first process', Cmd.join(' ') === 'auth-service serve', Cmd);
  report.check('no entrypoint stands before it', (Entrypoint ?? []).length === 0, Entrypoint);
  report.check('it is stopped by SIGTERM', StopSignal === 'SIGTERM', StopSignal);
  const asked = Healthcheck.Test.join(' ');
  report.check('its health is asked of itself', asked === 'CMD auth-service healthcheck', asked);
  const revision = Labels['org.opencontainers.image.revision'];
  report.check('its labels say what it was built of', revision === REVISION, Labels);
  report.check('it is for production', Env.includes('ENVIRONMENT=production'), Env);
}

/** Nothing of the checkout that has no business there, and of npm's packages none that only developers need. */
const STRANGERS = String.raw`/\.env|/\.data|/\.git(/|$)|/auth_service/(tests|Dockerfile|docker-compose)|/node_modules/(node-linux|typescript|typebox|@biomejs|knip)|\.map$`;

async function checkContent(engine: Engine, report: Report): Promise<void> {
  const inside = (script: string) =>
    engine.docker(['run', '--rm', '--network=none', IMAGE, 'sh', '-c', script]);
  const files = (await inside('find /app')).split('\n');
  const strangers = files.filter((file) => new RegExp(STRANGERS).test(file));
  report.check('it holds what production needs alone', strangers.length === 0, strangers.slice(0, 5));
  report.check(
    'the migrations are in it',
    files.some((file) => file.includes('/migrations/0001_')),
  );
  const writable = await inside('find /app -writable ! -type l | head -3');
  report.check('of what is in it the service can change nothing', writable === '', writable);
  const volume = ['run', '--rm', '--network=none', '--read-only', '--volume=/backups', IMAGE];
  await engine.docker([...volume, 'touch', '/backups/archive']);
  report.check('into a volume for backups it can write', true);
  const version = await inside('auth-service --version');
  report.check('the command is on the path', /^\d+\.\d+\.\d+$/.test(version), version);
}
