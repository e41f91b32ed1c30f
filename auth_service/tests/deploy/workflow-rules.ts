import { parse } from 'yaml';

/** As far as the rules look. */
export interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, unknown>>;
}

export interface Job extends Step {
  readonly permissions?: Readonly<Record<string, string>> | string;
  readonly 'timeout-minutes'?: number;
  readonly steps?: readonly Step[];
  readonly environment?: unknown;
  readonly secrets?: unknown;
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>> | string;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

export function readWorkflow(text: string): Workflow {
  return parse(text) as Workflow;
}

/** Every breach of what makes a workflow safe to run, as readable lines. */
export function breachesOf(text: string): string[] {
  const workflow = readWorkflow(text);
  const found: string[] = [];
  for (const event of ['pull_request_target', 'workflow_run', 'issue_comment']) {
    if (event in workflow.on) found.push(`runs with secrets for whoever makes it run: ${event}`);
  }
  for (const [, line] of text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)) {
    if (!/^(\.\/\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/.test(line ?? '')) {
      found.push(`is not pinned by commit, with its version beside it: ${line}`);
    }
  }
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const breaches = [...jobBreaches(job, workflow), ...(job.steps ?? []).flatMap(stepBreaches)];
    found.push(...breaches.map((breach) => `${name}: ${breach}`));
  }
  return found;
}

function jobBreaches(job: Job, workflow: Workflow): string[] {
  const found: string[] = [];
  const permissions = job.permissions ?? workflow.permissions;
  if (typeof permissions !== 'object') found.push('does not say what it may');
  const writes = Object.entries(typeof permissions === 'object' ? permissions : {});
  for (const [scope, right] of writes) {
    if (right !== 'read' && !(scope === 'id-token' && job.permissions !== undefined)) {
      found.push(`may ${right} ${scope}`);
    }
  }
  if (job.uses === undefined && job['timeout-minutes'] === undefined) found.push('may run for ever');
  if (job.secrets === 'inherit') found.push('hands on every secret');
  return found;
}

function stepBreaches(step: Step): string[] {
  const found: string[] = [];
  // What GitHub puts in before the shell reads it is read as a command. A matrix is written here, by us.
  for (const [, expression = ''] of (step.run ?? '').matchAll(/\$\{\{(.*?)\}\}/g)) {
    if (!/^ *matrix\./.test(expression)) found.push(`puts${expression.trimEnd()} into a command`);
  }
  if (step.uses?.startsWith('actions/checkout@') && step.with?.['persist-credentials'] !== false) {
    found.push('leaves its token behind in the checkout');
  }
  if (
    /StrictHostKeyChecking[= ]*(no|accept-new)|--password |set -x|curl [^|]*\| *(ba)?sh/.test(step.run ?? '')
  ) {
    found.push('does something that is not done');
  }
  return found;
}
