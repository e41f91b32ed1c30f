import type { SupabaseSettings } from '../dependencies.ts';
import { type Finding, fault, ok, type Trouble, warning } from './findings.ts';
import type { Reply } from './question.ts';

/** Half of what a person's request may take. */
const SLOW_MS = 1_000;
const NAME_UNKNOWN = ['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'];
const TLS = /^(?:ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|EPROTO$|ERR_OSSL)/;

/** Whether GoTrue is what answers there. @param reply to its `/health` */
export function judgeReach(reply: Reply, { url }: Pick<SupabaseSettings, 'url'>): Finding {
  const host = new URL(url).host;
  if (reply.is === 'answer') return judgeAnswer(reply, host);
  if (reply.is === 'silence') return fault('reach', describeSilence(reply, host));
  if (reply.is === 'redirect') {
    return fault('reach', {
      detail: `${host} redirects to ${reply.to}.`,
      cause: 'SUPABASE_URL is an address that leads elsewhere, often http where https is meant.',
      remedy: `Set SUPABASE_URL to where it leads, without /auth/v1: ${origin(reply.to) ?? 'the final address'}`,
    });
  }
  const what = reply.is === 'page' ? `a page of HTML (${reply.status})` : reply.what;
  return fault('reach', {
    detail: `${host} answers, but not as Supabase Auth: ${what}.`,
    cause:
      'SUPABASE_URL leads to a web page, a proxy or Studio, or Supabase Auth behind the gateway is down.',
    remedy:
      'Set SUPABASE_URL to the gateway (SUPABASE_PUBLIC_URL there), and see with `docker compose ps auth` that Supabase Auth runs.',
  });
}

function judgeAnswer(reply: Extract<Reply, { is: 'answer' }>, host: string): Finding {
  const isGotrue = reply.status === 200 && reply.body.name === 'GoTrue';
  // A gateway that wants another key has been reached.
  const isGateway = reply.status === 401 || reply.status === 403;
  if (!isGotrue && !isGateway) {
    return fault('reach', {
      detail:
        `${host} has no Supabase Auth at /auth/v1: it answers ${reply.status} ${reply.message}`.trimEnd(),
      cause: 'SUPABASE_URL has a path too much or too little, or another service answers there.',
      remedy:
        'Set SUPABASE_URL to the URL of the gateway alone, such as https://supabase.example.com, without /auth/v1 or /rest/v1.',
    });
  }
  const who = isGotrue ? 'Supabase Auth' : 'A gateway';
  if (reply.tookMs < SLOW_MS) return ok('reach', `${who} answers at ${host}.`);
  return warning('reach', {
    detail: `${who} answers at ${host}, but took ${(reply.tookMs / 1000).toFixed(1)} seconds.`,
    cause: 'It is far away or overloaded. Requests of people are given up after two seconds.',
    remedy: 'Run this service near Supabase, and see how busy its containers are with `docker stats`.',
  });
}

function describeSilence({ code, isLate }: Extract<Reply, { is: 'silence' }>, host: string): Trouble {
  if (NAME_UNKNOWN.includes(code)) {
    return {
      detail: `The name of ${host} is not found (${code}).`,
      cause: 'SUPABASE_URL has a typing error, or the name is known in another network only.',
      remedy:
        'Set SUPABASE_URL to a name that is known here; in containers, let this service join the network supabase_default.',
    };
  }
  if (TLS.test(code)) {
    return {
      detail: `No secure connection to ${host} comes about (${code}).`,
      cause:
        'Its certificate is not trusted here, is expired or for another name, or it speaks no TLS at this port.',
      remedy:
        'Name its authority with NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or set SUPABASE_URL to http://… within a private network.',
    };
  }
  if (isLate) {
    return {
      detail: `${host} gives no answer in time.`,
      cause: 'A firewall drops the connection, or what listens there hangs.',
      remedy:
        'See with `docker compose logs auth` what Supabase Auth waits for, and that this host may reach SUPABASE_URL.',
    };
  }
  return {
    detail: `The connection to ${host} fails (${code || 'closed'}).`,
    cause: 'Nothing listens at that address and port, or it cuts the connection.',
    remedy:
      'Start Supabase (`docker compose up -d`), and check host and port of SUPABASE_URL; in a container, localhost is the container itself.',
  };
}

function origin(text: string): string | null {
  return URL.canParse(text) ? new URL(text).origin : null;
}
