import type { Frame } from './wire-frames.ts';

const PROTOCOL_3_0 = 196_608;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;

export interface StartupAnswer {
  readonly bytes: Buffer;
  /** Whether the client may now send its statements. */
  readonly isReady: boolean;
}

/**
 * Answers a message of the startup (PostgreSQL, 53.2.1). PGlite never sees it: what a client asks for there, such as
 * replication, would change the one session that all share. @returns null for what is answered by hanging up.
 */
export function answerStartup(frame: Frame, serverVersion: string): StartupAnswer | null {
  const code = frame.length >= 8 ? frame.readInt32BE(4) : 0;
  if (code === SSL_REQUEST || code === GSS_REQUEST) return { bytes: Buffer.from('N'), isReady: false };
  if (code !== PROTOCOL_3_0) return null;
  return { bytes: greeting(serverVersion), isReady: true };
}

function greeting(serverVersion: string): Buffer {
  const authenticationOk = message('R', Buffer.from([0, 0, 0, 0]));
  const settings = {
    server_version: serverVersion,
    server_encoding: 'UTF8',
    client_encoding: 'UTF8',
    standard_conforming_strings: 'on',
    integer_datetimes: 'on',
    DateStyle: 'ISO, MDY',
    TimeZone: 'UTC',
  };
  const parameters = Object.entries(settings).map(([name, value]) =>
    message('S', Buffer.from(`${name}\0${value}\0`)),
  );
  // A statement here cannot be cancelled from another connection.
  const backendKey = message('K', Buffer.alloc(8));
  const readyForQuery = message('Z', Buffer.from('I'));
  return Buffer.concat([authenticationOk, ...parameters, backendKey, readyForQuery]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
