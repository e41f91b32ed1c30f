import { isIP } from 'node:net';
import type { Parsed, Parser } from './parser.ts';
import { wholeNumber } from './plain.ts';

/** 0 lets the system choose; whether that is allowed depends on the environment. */
export const port: Parser<number> = {
  form: 'a port number from 1 to 65535',
  parse(text) {
    const parsed = wholeNumber(0, 65535).parse(text);
    return 'problem' in parsed ? { problem: 'is not a port number from 1 to 65535' } : parsed;
  },
};

export const host: Parser<string> = {
  form: 'an IP address or a host name to listen on, such as 0.0.0.0',
  parse(text) {
    const bare = text.replace(/^\[(.*)\]$/, '$1');
    const isName = /^(?!-)[a-z0-9.-]{1,253}$/i.test(bare) && !/^[\d.]+$/.test(bare);
    return isIP(bare) !== 0 || isName
      ? { value: bare }
      : { problem: 'is neither an IP address nor a host name' };
  },
};

/** A path prefix with a leading and without a trailing slash; '' for none. */
export const rootPath: Parser<string> = {
  form: 'a path such as /api/v1, or / for none',
  parse(text) {
    const path = text.replace(/^(["'])\1$/, '').replace(/\/+$/, '');
    if (path === '') return { value: '' };
    const isPath = /^(\/[A-Za-z0-9._~-]+)+$/.test(path) && !/\/\.\.?(\/|$)/.test(path);
    return isPath ? { value: path } : { problem: 'is not a path that starts with a slash' };
  },
};

const PROXIES_FORM = 'addresses and networks, such as 10.0.0.0/8, or the number of proxies in front';

/** Addresses and CIDR networks by comma, or one number: how many proxies stand in front. */
export const trustedProxies: Parser<number | readonly string[]> = {
  form: PROXIES_FORM,
  parse(text) {
    if (/^\d+$/.test(text)) {
      const hops = wholeNumber(0, 16).parse(text);
      if ('problem' in hops) return { problem: 'is not a number of proxies from 0 to 16' };
      return { value: hops.value === 0 ? [] : hops.value };
    }
    const networks: string[] = [];
    for (const part of text.split(',').map((piece) => piece.trim())) {
      if (part === '') continue;
      const network = parseNetwork(part);
      if ('problem' in network) return { part, ...network };
      networks.push(network.value);
    }
    return { value: networks };
  },
};

function parseNetwork(text: string): Parsed<string> {
  const [address = '', prefix, ...more] = text.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  const isNetwork = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  if (isIP(address) === 0 || address.includes('%') || !isNetwork || more.length > 0) {
    return { problem: `is not one of ${PROXIES_FORM}` };
  }
  if (prefix !== undefined && Number(prefix) === 0) {
    return {
      problem: 'trusts every address, so that anybody could forge theirs',
      remedy: 'Name the networks of your proxies only.',
    };
  }
  return { value: text };
}
