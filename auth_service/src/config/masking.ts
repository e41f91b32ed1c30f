import type { Secrecy } from './variable.ts';

const LONGEST_SHOWN = 60;

/** What may be printed of a value: the length class of a secret, a URL without its password, or all of it. */
export function mask(text: string, secrecy: Secrecy): string {
  if (secrecy === 'public') return maskCredentials(text);
  return secrecy === 'secret-in-url' ? maskUrl(text) : `set, ${lengthClass(text)}`;
}

/** For a fault's text. A faulty secret is not shown at all: nobody knows which part of it is the secret. */
export function quote(text: string, secrecy: Secrecy): string {
  if (secrecy !== 'public') return 'its value';
  const visible = maskCredentials(text);
  return JSON.stringify(visible.length > LONGEST_SHOWN ? `${visible.slice(0, LONGEST_SHOWN)}…` : visible);
}

function lengthClass(text: string): string {
  const { length } = text;
  if (length < 16) return 'under 16 characters';
  if (length < 32) return '16 to 31 characters';
  return length < 64 ? '32 to 63 characters' : '64 characters or more';
}

function maskUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.hostname === '' || (url.username === '' && text.includes('@'))) {
    return `set, ${lengthClass(text)}`;
  }
  // Redis takes a password that stands alone, without the colon that would make it one for a URL parser.
  if (url.password !== '') url.password = '***';
  else if (url.username !== '') url.username = '***';
  for (const name of [...url.searchParams.keys()]) {
    if (/pass|secret|token|key/i.test(name)) url.searchParams.set(name, '***');
  }
  return url.href;
}

/** A URL with credentials may stand where none belongs. */
function maskCredentials(text: string): string {
  return text.replace(/:\/\/[^\s,]*@/g, '://***@');
}
