/**
 * `npm run test:image`: builds the image and proves it on containers: by itself, confined as far as Docker can, and in
 * the stack of the Compose files. Uses the Docker engine that is there, if it can fetch the real images; else, as root
 * on Debian, an engine of its own with images made of Debian's packages. What it starts it stops; the images stay in
 * ~/.cache/paservices-image, so that the next run is quick.
 */

import { proveImage } from './image/alone.ts';
import { buildImage } from './image/build.ts';
import { openEngine } from './image/engine.ts';
import { createReport, say } from './image/report.ts';
import { findCompose, openStack } from './image/stack.ts';
import { proveStack } from './image/together.ts';
import { canMakeNetworks } from './image/trial-network.ts';

const TIME_LIMIT_MS = 600_000;

const startedAt = performance.now();
const report = createReport();
const notRun: string[] = [];
const opened = new AsyncDisposableStack();
let isEnding = false;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void end(1, `Stopped by ${signal}.`));
}
setTimeout(
  () => void end(1, `FAILED: it is not over after ${TIME_LIMIT_MS / 1000} s.`),
  TIME_LIMIT_MS,
).unref();

try {
  const words = await prove();
  await end(words.startsWith('NOT') && process.env.CI === 'true' ? 1 : 0, words);
} catch (error) {
  await end(1, `FAILED: ${error instanceof Error ? error.message : error}`);
}

async function prove(): Promise<string> {
  const engine = await openEngine();
  if (typeof engine === 'string') return `NOT RUN: ${engine}`;
  opened.use(engine);
  if (engine.isStandIn)
    notRun.push('the real base image, Traefik and ACME, the real images of Redis and PostgreSQL');
  else notRun.push('Traefik and ACME');
  say('\n# The image');
  await buildImage(engine, report);
  say('\n# The image by itself');
  await proveImage(engine, report);
  const tool = await findCompose();
  if (tool === null) notRun.push('the stack, since there is no Compose here');
  else if (!(await canMakeNetworks(engine))) notRun.push('the stack, since containers cannot be joined here');
  else {
    say(`\n# The stack, by Compose ${tool.version}`);
    const stack = opened.use(await openStack(engine, tool.words));
    await proveStack({ engine, report, stack });
    if (!tool.version.replace('v', '').startsWith('1.')) return 'All of it held.';
    notRun.push('Compose v2');
  }
  return 'All of it held.';
}

/** Takes everything down, says the last word, and leaves. */
async function end(code: number, words: string): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  await opened
    .disposeAsync()
    .catch((error: unknown) => say(`# what was left could not be removed: ${error}`));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  say(`\n${words}`);
  if (notRun.length > 0) say(`Not run here: ${notRun.join('; ')}.`);
  say(`${report.count} checks in ${seconds} s.`);
  process.exit(code);
}
