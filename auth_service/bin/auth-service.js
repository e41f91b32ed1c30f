#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can read. The service itself is TypeScript run as it is, which needs
// Node 24: npm delivers one beside us, so that an older Node on the machine does no harm.
import { spawn } from 'node:child_process';
import module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) {
  if (process.pid === 1) endOnSignal();
  // Compiled code is kept, which halves the start from the second time on. NODE_COMPILE_CACHE, if set, wins.
  module.enableCompileCache(
    fileURLToPath(new URL('../../node_modules/.cache/auth-service', import.meta.url)),
  );
  await import('../src/main.ts');
} else {
  const node = findDeliveredNode();
  if (node === null) askForNewerNode();
  else runWith(node);
}

/**
 * To the first process of a container the kernel gives no signal that it does not listen for: a stop in the first moments
 * of `serve`, or at any moment of another command, would wait for the kill. Who listens as well decides alone.
 */
function endOnSignal() {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}

function findDeliveredNode() {
  try {
    const { resolve } = module.createRequire(import.meta.url);
    return resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return null;
  }
}

function runWith(node) {
  const forward = (signal) => child.kill(signal);
  // Before the start of the other: it can be up, and be told to stop, before spawn returns.
  for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Delivered, but of no use here: another C library, or a folder that forbids execution.
  child.on('error', askForNewerNode);
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const forwarded of FORWARDED_SIGNALS) process.off(forwarded, forward);
    process.exitCode = 128 + (constants.signals[signal] ?? 0);
    process.kill(process.pid, signal);
  });
}

function askForNewerNode() {
  process.stderr.write(
    `auth-service needs Node ${NEEDED_MAJOR} or newer, and this is Node ${process.versions.node}. ` +
      `Install Node ${NEEDED_MAJOR} (https://nodejs.org); on Linux with glibc \`npm install\` brings it along.\n`,
  );
  process.exit(1);
}
