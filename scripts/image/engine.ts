import { attempt, type CommandOptions, command } from './command.ts';
import { NODE_IMAGE, SERVICE_IMAGES } from './images.ts';
import { missingForPrivateEngine, startPrivateEngine } from './private-engine.ts';
import { say } from './report.ts';
import { buildStandIns } from './stand-ins.ts';

const PULL_TIMEOUT_MS = 180_000;

/** A Docker engine with every image that the proof needs. */
export interface Engine extends AsyncDisposable {
  /** The images are made of Debian's packages here, and only bear the names of the real ones. */
  readonly isStandIn: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly socket: string;
  /** @returns stdout. @throws Error when it fails. */
  docker(argv: readonly string[], options?: CommandOptions): Promise<string>;
}

/** The engine that is there, if it can fetch the real images; else one of our own. A text: why there is none. */
export async function openEngine(): Promise<Engine | string> {
  if (await hasRealImages()) return engineAt({}, '/var/run/docker.sock', false, async () => {});
  const missing = missingForPrivateEngine();
  if (missing !== null) return missing;
  const { socket, stop } = await startPrivateEngine();
  const engine = engineAt({ DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: '0' }, socket, true, stop);
  try {
    await buildStandIns(engine);
  } catch (error) {
    await stop();
    throw error;
  }
  return engine;
}

function engineAt(
  env: Record<string, string>,
  socket: string,
  isStandIn: boolean,
  stop: () => Promise<void>,
): Engine {
  return {
    isStandIn,
    env,
    socket,
    docker: (argv, options = {}) =>
      command(['docker', ...argv], { ...options, env: { ...env, ...options.env } }),
    [Symbol.asyncDispose]: stop,
  };
}

async function hasRealImages(): Promise<boolean> {
  const quickly = { timeoutMs: 10_000 };
  if ((await attempt(['docker', 'version'], quickly)).code !== 0) return false;
  for (const image of [NODE_IMAGE, ...Object.values(SERVICE_IMAGES)]) {
    if ((await attempt(['docker', 'image', 'inspect', image], quickly)).code === 0) continue;
    say(`# fetching ${image}`);
    const { code, stderr } = await attempt(['docker', 'pull', '--quiet', image], {
      timeoutMs: PULL_TIMEOUT_MS,
    });
    if (code === 0) continue;
    say(`# it cannot be fetched: ${stderr.trim().split('\n').at(-1)}`);
    return false;
  }
  return true;
}
