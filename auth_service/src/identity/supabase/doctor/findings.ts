/** Everything the doctor looks at, in the order in which it tells. docs/supabase.md has them all. */
export const FINDING_IDS = [
  'configuration',
  'reach',
  'anon_key',
  'service_key',
  'signing_keys',
  'probe',
  'issuer',
  'hook',
  'verification',
  'database',
  'database_tls',
  'schema',
  'shared_database',
  'session_grants',
  'hook_rights',
  'clock',
  'caller_address',
  'autoconfirm',
  'mail',
] as const;

export type FindingId = (typeof FINDING_IDS)[number];

/** What was found of one part. Holds no key, token or password. */
export interface Finding {
  readonly id: FindingId;
  readonly status: 'ok' | 'warning' | 'fault';
  readonly detail: string;
  readonly cause?: string;
  /** The variable, statement or line to change. */
  readonly remedy?: string;
}

export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** What could not be looked at before something else is mended. */
  readonly unseen: readonly FindingId[];
}

/** What is wrong, why, and what to do. */
export interface Trouble {
  readonly detail: string;
  readonly cause: string;
  readonly remedy: string;
}

export const ok = (id: FindingId, detail: string): Finding => ({ id, status: 'ok', detail });
export const warning = (id: FindingId, trouble: Trouble): Finding => ({ id, status: 'warning', ...trouble });
export const fault = (id: FindingId, trouble: Trouble): Finding => ({ id, status: 'fault', ...trouble });

const LONGEST = { detail: 300, advice: 1_000 };
/** What is shorter is no key, and may be any word. */
const SHORTEST_SECRET = 16;

/** @param secrets what must not be told, whoever repeats it */
export function concludeFrom(findings: readonly Finding[], secrets: readonly string[]): Diagnosis {
  const place = ({ id }: Finding) => FINDING_IDS.indexOf(id);
  const seen = new Set(findings.map(({ id }) => id));
  return {
    findings: [...findings]
      .sort((one, other) => place(one) - place(other))
      .map((finding) => tellHarmlessly(finding, secrets)),
    // Told by whoever has read it.
    unseen: FINDING_IDS.filter((id) => id !== 'configuration' && !seen.has(id)),
  };
}

function tellHarmlessly({ cause, remedy, ...finding }: Finding, secrets: readonly string[]): Finding {
  return {
    ...finding,
    detail: harmless(finding.detail, secrets, LONGEST.detail),
    ...(cause === undefined ? {} : { cause: harmless(cause, secrets, LONGEST.advice) }),
    ...(remedy === undefined ? {} : { remedy: harmless(remedy, secrets, LONGEST.advice) }),
  };
}

/** Each of them may hold what others answer. */
function harmless(text: string, secrets: readonly string[], longest: number): string {
  const hidden = secrets.filter(({ length }) => length >= SHORTEST_SECRET);
  const told = hidden.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  const plain = told.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
  return plain.length > longest ? `${plain.slice(0, longest)}…` : plain;
}
