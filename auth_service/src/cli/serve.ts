import type { Command } from 'commander';
import type { Service } from '#compose';
import { type Config, ConfigError } from '#config';
import { createLogger, errorContext, type RootLogger } from '#observability';
import { describeWaiting, renderBanner } from './banner.ts';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';
import { describeFailure } from './failures.ts';
import { listenForStop, type StopSignal } from './stop-signal.ts';

export function addServe(program: Command, context: CommandContext): void {
  const serve = program
    .command('serve')
    .description('run the service until SIGTERM or Ctrl-C')
    .action(async () => context.exitWith(await runServer(context)));
  withExample(serve, 'PORT=8000 auth-service serve');
}

async function runServer(context: CommandContext): Promise<0 | 1> {
  const isForPeople = context.output.isTerminal && !context.output.json;
  const config = readConfig(context, isForPeople);
  if (config === null) return 1;
  const { level } = config.logging;
  const logger = createLogger({ level, environment: config.environment, pretty: isForPeople });
  dieOfUnexpectedFaults(logger);
  // npm ends the shell between it and us on SIGTERM, and the shell does not pass it on.
  const endsWithParent = context.io.env.npm_command !== undefined;
  const stop = listenForStop(process, { endsWithParent });
  sayWarnings(config, logger);
  try {
    return await serveUntilStopped({ context, config, logger, stop, isForPeople });
  } catch (error) {
    if (isForPeople) throw error;
    const { code, detail, remedy } = describeFailure(error, 'serve');
    logger.child('cli').critical(detail, { code, remedy, error: errorContext(error) });
    return 1;
  } finally {
    stop.dispose();
    logger.flush();
  }
}

/** Null when the faults have been said, one log line each; a person gets them as the command's failure instead. */
function readConfig({ loadConfig, io }: CommandContext, isForPeople: boolean): Config | null {
  try {
    return loadConfig();
  } catch (error) {
    if (isForPeople || !(error instanceof ConfigError)) throw error;
    const environment = io.env.AUTH_SERVICE_ENVIRONMENT ?? io.env.ENVIRONMENT ?? 'development';
    const logger = createLogger({ level: 'INFO', environment, pretty: false });
    const config = logger.child('config');
    for (const { variable, problem, remedy } of error.faults) {
      config.critical(`${variable} ${problem}`, { variable, remedy });
    }
    logger.flush();
    return null;
  }
}

function sayWarnings(config: Config, logger: RootLogger): void {
  const log = logger.child('config');
  for (const { variable, problem, remedy } of config.warnings) {
    log.warning(`${variable} ${problem}`, { variable, remedy });
  }
  const waiting = describeWaiting(config);
  if (waiting !== null) log.warning(waiting);
}

interface Run {
  readonly context: CommandContext;
  readonly config: Config;
  readonly logger: RootLogger;
  readonly stop: StopSignal;
  readonly isForPeople: boolean;
}

async function serveUntilStopped(run: Run): Promise<0 | 1> {
  const { config, logger, stop, isForPeople } = run;
  const { openService } = await import('#compose');
  const service = await openService({ config, mode: 'serve', logger, terminal: isForPeople });
  const log = logger.child('cli');
  try {
    if (!stop.isRequested()) await comeUpAndWait(service, run);
  } catch (error) {
    await stop.wait(service.close()).catch(() => {});
    throw error;
  }
  log.info('Stopping', { signal: await stop.requested });
  const end = await stop.wait(service.close());
  if (end === 'done') log.info('Stopped');
  else log.error(end === 'deadline' ? 'Could not stop in time' : 'Stopped by a second signal');
  return end === 'done' ? 0 : 1;
}

/** Until asked to stop. Rejects when the service cannot come up, or finds out later that it never will. */
async function comeUpAndWait(service: Service, { context, logger, stop, isForPeople }: Run): Promise<void> {
  const log = logger.child('cli');
  const fatal = Promise.withResolvers<never>();
  service.onFatal(fatal.reject);
  const becameReady = Promise.withResolvers<void>();
  service.onReady(becameReady.resolve);
  const comingUp = async () => {
    const { url, ready } = await service.start();
    if (!isForPeople || !ready) log.info('Listening', { url });
    await becameReady.promise;
    if (isForPeople) context.io.stdout.write(renderBanner(service, url, context.output));
    else log.info('Ready', { url });
    return stop.requested;
  };
  await Promise.race([stop.requested, fatal.promise, comingUp()]);
}

function dieOfUnexpectedFaults(logger: RootLogger): void {
  const die = (error: unknown) => {
    logger.child('cli').critical('Unexpected fault, ending', { error: errorContext(error) });
    logger.flush();
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}
