import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

const TYPE = { A: 1, AAAA: 28 };
const RESPONSE_FLAGS = 0x8180;

export interface NameServer extends AsyncDisposable {
  /** As `nameServers` wants it. */
  readonly address: string;
  /** Names that were asked for, once for each kind of address. */
  readonly asked: string[];
}

/** A DNS server (RFC 1035 §4.1) on loopback. @param addressesOf what a name means right now; null: no answer at all */
export async function startNameServer(
  addressesOf: (name: string) => readonly string[] | null,
): Promise<NameServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = questionOf(query);
    asked.push(name);
    const addresses = addressesOf(name);
    if (addresses === null) return;
    const answers = addresses.filter((text) => (isIPv4(text) ? TYPE.A : TYPE.AAAA) === type).map(recordOf);
    const header = Buffer.from(query.subarray(0, 12));
    for (const [offset, value] of [
      [2, RESPONSE_FLAGS],
      [6, answers.length],
      [8, 0],
      [10, 0],
    ] as const) {
      header.writeUInt16BE(value, offset);
    }
    socket.send(Buffer.concat([header, query.subarray(12, end), ...answers]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    async [Symbol.asyncDispose]() {
      socket.close();
    },
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** The name is that of the question, by its place in the message; it may be kept for no time at all. */
function recordOf(address: string): Buffer {
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const head = Buffer.from([
    0xc0,
    12,
    0,
    isIPv4(address) ? TYPE.A : TYPE.AAAA,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    bytes.length,
  ]);
  return Buffer.concat([head, bytes]);
}

function ipv6Bytes(address: string): Buffer {
  const withoutIpv4 = address.replace(/\d+\.\d+\.\d+\.\d+$/, (ipv4) => {
    const hex = Buffer.from(ipv4.split('.').map(Number)).toString('hex');
    return `${hex.slice(0, 4)}:${hex.slice(4)}`;
  });
  const [left = '', right] = withoutIpv4.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const [before, after] = [groups(left), groups(right ?? '')];
  const middle = Array(8 - before.length - after.length).fill('0');
  return Buffer.from([...before, ...middle, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
