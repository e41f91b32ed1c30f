import { IMAGE } from './build.ts';
import { attempt } from './command.ts';
import type { Engine } from './engine.ts';

const TRIAL = 'paservices-test-trial';
const PORT = 8000;

/** Whether two containers on a network of their own hear each other here. */
export async function canMakeNetworks({ env }: Engine): Promise<boolean> {
  const docker = (...words: readonly string[]) => attempt(['docker', ...words], { env, timeoutMs: 30_000 });
  const remove = async () => {
    await docker('rm', '--force', TRIAL);
    await docker('network', 'rm', TRIAL);
  };
  await remove();
  try {
    const { code } = await docker('network', 'create', '--internal', TRIAL);
    if (code !== 0) return false;
    const run = ['run', `--network=${TRIAL}`];
    const server = `http.createServer((_, answer) => answer.end('heard')).listen(${PORT})`;
    await docker(...run, '--detach', '--name', TRIAL, IMAGE, 'node', '-e', server);
    const caller = `
      for (let tries = 0; tries < 50; tries += 1) {
        const answer = await fetch('http://${TRIAL}:${PORT}', { signal: AbortSignal.timeout(1000) }).catch(() => null);
        if (answer !== null) { console.log(await answer.text()); break; }
        await new Promise((done) => setTimeout(done, 100));
      }`;
    const words = ['node', '--input-type=module', '-e', caller];
    return (await docker(...run, '--rm', IMAGE, ...words)).stdout.trim() === 'heard';
  } finally {
    await remove();
  }
}
