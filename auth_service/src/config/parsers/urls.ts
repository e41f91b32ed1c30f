import type { Parser } from './parser.ts';

function isLoopbackUrl(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(hostname)
  );
}

/** True for plain http to anything but this machine. */
export function isUnprotected(url: string): boolean {
  return url.startsWith('http:') && !isLoopbackUrl(url);
}

/** An absolute http(s) URL that paths can be appended to: no query, no fragment, no trailing slash. */
export function baseUrl(form: string): Parser<string> {
  return {
    form,
    parse(text) {
      const url = URL.parse(text);
      if (url === null || !/^https?:\/\//i.test(text)) {
        return { problem: 'is not an absolute http or https URL' };
      }
      if (/[?#]/.test(text)) return { problem: 'has a query or a fragment' };
      if (url.username !== '' || url.password !== '') return { problem: 'has a user name or password in it' };
      return { value: `${url.origin}${url.pathname.replace(/\/+$/, '')}` };
    },
  };
}

const SCRIPTING_SCHEMES = ['javascript:', 'data:', 'vbscript:', 'file:', 'blob:', 'about:'];

/** A page to send people to: http(s), or the own scheme of an app. Written as WHATWG URLs print it. */
export const pageUrl: Parser<string> = {
  form: 'the full URL of a page, such as https://app.example.com/welcome',
  parse(text) {
    const url = URL.parse(text);
    if (url === null || !/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { problem: 'is not an absolute URL' };
    if (SCRIPTING_SCHEMES.includes(url.protocol)) return { problem: 'has a scheme that is not allowed' };
    if (text.includes('*')) return { problem: 'has a wildcard; every page is named in full' };
    if (url.username !== '' || url.password !== '') return { problem: 'has a user name or password in it' };
    return { value: url.href };
  },
};

/** A browser origin: scheme, host and port, exactly as browsers send it. */
export const origin: Parser<string> = {
  form: 'an origin, such as https://app.example.com',
  parse(text) {
    if (text === '*') return { value: '*' };
    const url = URL.parse(text);
    if (url === null || !/^[a-z][a-z0-9+.-]*:\/\/[^/?#*@]+\/?$/i.test(text)) {
      return { problem: 'is not an origin (scheme, host and port, without path or wildcard)' };
    }
    // URL.origin is "null" for the schemes of app shells, such as capacitor://localhost.
    return { value: url.origin === 'null' ? text.replace(/\/$/, '').toLowerCase() : url.origin };
  },
};
