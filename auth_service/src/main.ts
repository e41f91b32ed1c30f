import { runCli } from '#cli';

// A reader that went away (`auth-service clients list | head`) is no fault: the command finishes its work.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const { stdout, stderr, env } = process;
// Leaving by force, since what a failed command has left open must not keep the process alive.
process.exit(await runCli(process.argv.slice(2), { stdout, stderr, env, isTerminal: stdout.isTTY === true }));
