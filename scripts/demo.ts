/**
 * `npm run demo`: starts the authentication service and orders-service and plays the story of scripts/demo/story.ts.
 * Exit 0 only when every step went as expected. Another server is put to the same test by naming its command:
 * `npm run demo -- node other-service.js`. It must answer the same commands (`serve`, `clients create …`) and routes.
 */
import { createNarrator } from './demo/narrator.ts';
import { openStage } from './demo/stage.ts';
import { playStory } from './demo/story.ts';

const TIME_LIMIT_MS = 120_000;
const OWN_COMMAND = [process.execPath, 'auth_service/bin/auth-service.js'];

const startedAt = Date.now();
const say = (line: string) => void process.stdout.write(`${line}\n`);
let isCutShort = false;
const ending = Promise.race([interrupted('SIGINT', 130), interrupted('SIGTERM', 143), timedOut()]).finally(
  () => {
    isCutShort = true;
  },
);
const otherCommand = process.argv.slice(2);
const stage = await openStage(otherCommand.length > 0 ? otherCommand : OWN_COMMAND);
const narrator = createNarrator(say);

const exitCode = await Promise.race([play(), ending]);
await stage.close();
process.exit(exitCode);

async function play(): Promise<number> {
  try {
    await playStory(stage, narrator);
  } catch (error) {
    // What breaks while everything is being taken down is no finding.
    if (isCutShort) return 1;
    const reason = error instanceof Error ? error.message : error;
    say(`\nFAILED: the story broke off after ${narrator.steps} steps. ${reason}`);
    say(stage.lastWords());
    return 1;
  }
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  const { steps, failed } = narrator;
  if (failed.length === 0) say(`\nAll ${steps} steps went as expected, in ${seconds} s.`);
  else say(`\nFAILED: ${failed.length} of ${steps} steps went wrong:\n  ${failed.join('\n  ')}`);
  return failed.length === 0 ? 0 : 1;
}

/** `on` and not `once`: an impatient second Ctrl-C must not leave the children behind. */
function interrupted(signal: 'SIGINT' | 'SIGTERM', code: number): Promise<number> {
  return new Promise((resolve) => process.on(signal, () => resolve(code)));
}

function timedOut(): Promise<number> {
  return new Promise((resolve) => {
    setTimeout(() => {
      say(`\nFAILED: the story is not over after ${TIME_LIMIT_MS / 1000} s.`);
      resolve(1);
    }, TIME_LIMIT_MS).unref();
  });
}
