import { Agent, get } from 'node:http';
import type { Command } from 'commander';
import { type ListeningAddress, readListeningAddress } from '#config';
import type { CommandContext } from './context.ts';
import { withExample } from './example.ts';

/** Below what a container's health check is given, the start of this process included. */
const PATIENCE_MS = 2000;
/** Beyond the longest answer of ours; whatever else listens there may send without end. */
const LONGEST_ANSWER = 16_384;

interface Verdict {
  readonly ok: boolean;
  /** One line. */
  readonly detail: string;
}

export function addHealthcheck(program: Command, { io, output, exitWith }: CommandContext): void {
  const healthcheck = program
    .command('healthcheck')
    .description('ask the server of this environment whether it is ready, for health checks of containers')
    .option('--live', 'ask only whether it answers')
    .action(async ({ live = false }: { live?: boolean }) => {
      const verdict = await ask(readListeningAddress(io.env), live ? 'live' : 'ready');
      output.result(verdict, () => verdict.detail);
      exitWith(verdict.ok ? 0 : 1);
    });
  withExample(healthcheck, 'auth-service healthcheck');
}

async function ask({ host, port }: ListeningAddress, what: 'live' | 'ready'): Promise<Verdict> {
  const place = `${host}:${port}`;
  try {
    const { status, body } = await fetchWithin(`http://${place}/health/${what}`);
    if (status === 200) return { ok: true, detail: what };
    return { ok: false, detail: `not ${what}: ${reasonIn(body) ?? `${place} answered ${status}`}` };
  } catch (error) {
    return { ok: false, detail: `not ${what}: ${describe(error, place)}` };
  }
}

/** With an agent of its own: a proxy that the environment names is for others than the server beside us. */
function fetchWithin(url: string): Promise<{ status: number; body: string }> {
  const agent = new Agent();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, signal: AbortSignal.timeout(PATIENCE_MS) }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > LONGEST_ANSWER) response.destroy(new Error('it answered without end'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** What a problem document (RFC 9457) says, kept to one line. */
function reasonIn(body: string): string | null {
  try {
    const { detail } = JSON.parse(body) as { detail?: unknown };
    return typeof detail === 'string' ? detail.replace(/\s+/g, ' ') : null;
  } catch {
    return null;
  }
}

function describe(error: unknown, place: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED') return `nothing listens at ${place}`;
  if (code === 'ABORT_ERR') return `${place} did not answer within ${PATIENCE_MS / 1000} seconds`;
  return `${place} could not be asked: ${error instanceof Error ? error.message : String(error)}`;
}
