import { spawn } from 'node:child_process';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Then it is killed, and counts as failed. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;

/** Runs a program to its end, whatever that is. Never waits without a bound. */
export function attempt([program = '', ...argv]: readonly string[], options: CommandOptions = {}) {
  const { env = {}, cwd, input, timeoutMs = TIMEOUT_MS } = options;
  return new Promise<Outcome>((resolve) => {
    const child = spawn(program, argv, {
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: 'pipe',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
    }
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', (error) => resolve({ code: 127, stdout: '', stderr: error.message }));
    child.on('close', (code, signal) => {
      const late = signal === 'SIGKILL' ? `\nended after ${timeoutMs / 1000} s` : '';
      resolve({ code: code ?? 137, stdout: texts.stdout, stderr: texts.stderr + late });
    });
  });
}

/** @returns what it wrote to stdout. @throws Error with all it wrote, when it fails. */
export async function command(words: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(words, options);
  if (code === 0) return stdout.trim();
  const last = `${stdout}\n${stderr}`.trim().split('\n').slice(-40).join('\n');
  throw new Error(`${words.slice(0, 6).join(' ')} … ended with ${code}:\n${last}`);
}
