import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryDirectory } from '../support/run-directory.ts';

export const REPOSITORY = resolve(import.meta.dirname, '../../..');
const SCRIPTS = join(REPOSITORY, 'scripts/deploy');

export interface Call {
  readonly tool: string;
  readonly argv: readonly string[];
  readonly stdin: string;
}

export interface Answer {
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** A program that is run in its stead, with the same arguments and input. */
  readonly passOn?: string;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs of a folder at the front of the PATH, which ask this process what to do. */
export interface StandIns extends AsyncDisposable {
  /** In their order. */
  readonly calls: Call[];
  /** As `tool first second …`, without options and their input. */
  readonly spoken: () => string[];
  /** Runs a script of scripts/deploy with these programs and this environment, and with nothing else of ours. */
  run(script: string, argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome>;
  readonly path: string;
}

export type Tools = Readonly<Record<string, (call: Call) => Answer | undefined>>;

export async function makeStandIns(tools: Tools): Promise<StandIns> {
  const folder = temporaryDirectory('stand-ins');
  const calls: Call[] = [];
  const server = createServer(async (request, response) => {
    const call: Call = JSON.parse(await text(request));
    calls.push(call);
    response.end(JSON.stringify(tools[call.tool]?.(call) ?? {}));
  });
  const socket = join(folder, 'socket');
  await new Promise<void>((done) => server.listen(socket, done));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const tool of Object.keys(tools)) {
    writeFileSync(join(bin, tool), program(tool, socket));
    chmodSync(join(bin, tool), 0o755);
  }
  const path = `${bin}${delimiter}${process.env.PATH}`;
  return {
    calls,
    path,
    spoken: () =>
      calls.map(({ tool, argv }) => [tool, ...argv.filter((each) => !each.startsWith('-'))].join(' ')),
    run: (script, argv, env) =>
      runProgram('bash', [join(SCRIPTS, script), ...argv], { PATH: path, HOME: folder, ...env }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Whatever it was told to do, it says only to this process. */
function program(tool: string, socket: string): string {
  return `#!${process.execPath}
const { request } = require('node:http');
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const stdin = readFileSync(0, 'utf8');
const argv = process.argv.slice(2);
const asked = request({ socketPath: ${JSON.stringify(socket)}, method: 'POST' }, (answered) => {
  let body = '';
  answered.on('data', (chunk) => (body += chunk)).on('end', () => {
    const { code = 0, stdout = '', stderr = '', passOn } = JSON.parse(body);
    if (passOn !== undefined) {
      const { status } = spawnSync(passOn, argv, { input: stdin, stdio: ['pipe', 'inherit', 'inherit'] });
      process.exitCode = status ?? 1;
      return;
    }
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = code;
  });
});
asked.end(JSON.stringify({ tool: ${JSON.stringify(tool)}, argv, stdin }));
`;
}

function runProgram(
  command: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const child = spawn(command, argv, { cwd: REPOSITORY, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const streams = Promise.all([text(child.stdout), text(child.stderr)]);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', async (code) => {
      const [stdout, stderr] = await streams;
      done({ code, stdout, stderr });
    });
  });
}
