import type { Service } from '#compose';
import { type Config, loadConfig } from '#config';
import { createLogger } from '#observability';
import type { Authority } from '#rbac';
import { createOutput, type Output, type TextStream } from './output.ts';

/** What a run of the command line stands in; a process's own, or a test's. */
export interface CliIo {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stdout is read by a person. */
  readonly isTerminal: boolean;
}

export interface CommandContext {
  readonly io: CliIo;
  readonly output: Output;
  /** @throws ConfigError */
  loadConfig(): Config;
  /** Opens the service beside whatever runs already, on a current schema; works, closes. Leaves the keys alone. */
  withService(work: (service: Service) => Promise<void>): Promise<void>;
  /** As `withService`, on the schema as it is found. */
  withStorage(work: (service: Service) => Promise<void>): Promise<void>;
  /** As `withStorage`, where no server may run; over another configuration than that of the environment if given. */
  withStorageAlone(work: (service: Service) => Promise<void>, config?: Config): Promise<void>;
  /** For a command that has said its result and yet did not succeed. */
  exitWith(code: 0 | 1): void;
  exitCode(): number;
}

/** Whoever may start a command holds the database's password: no identity of ours stands behind it. */
export const OPERATOR: Authority = { type: 'system', id: null };

export function createContext(io: CliIo, { json }: { json: boolean }): CommandContext {
  const { stdout, stderr, env, isTerminal } = io;
  const output = createOutput({ stdout, stderr, isTerminal, noColor: env.NO_COLOR, json });
  let exitCode = 0;
  const withService = async (
    mode: 'command' | 'alone',
    work: (service: Service) => Promise<void>,
    config = loadConfig(env),
  ) => {
    const service = await openForCommand(config, mode, io);
    try {
      await work(service);
    } finally {
      await service.close();
    }
  };
  const withStorage: CommandContext['withStorage'] = (work) => withService('command', work);
  return {
    io,
    output,
    loadConfig: () => loadConfig(env),
    withStorage,
    withStorageAlone: (work, config) => withService('alone', work, config),
    withService: (work) =>
      withStorage(async (service) => {
        await service.prepare();
        await work(service);
      }),
    exitWith: (code) => {
      exitCode = code;
    },
    exitCode: () => exitCode,
  };
}

async function openForCommand(
  config: Config,
  mode: 'command' | 'alone',
  { stderr }: CliIo,
): Promise<Service> {
  // Loaded only here, so that --help and usage faults answer without reading the whole service.
  const { openService } = await import('#compose');
  const { level } = config.logging;
  const logger = createLogger({
    level: level === 'DEBUG' || level === 'INFO' ? 'WARNING' : level,
    environment: config.environment,
    pretty: stderr.isTTY === true,
    write: (line) => stderr.write(line),
  });
  return openService({ config, mode, logger });
}
