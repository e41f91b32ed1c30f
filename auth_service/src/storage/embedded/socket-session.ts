import type { PGlite } from '@electric-sql/pglite';
import type { Turn } from './turn.ts';
import type { Frame } from './wire-frames.ts';

export interface SocketSession {
  /** Passes on one message of the client. @returns the bytes of the answer. One call at a time. */
  run(frame: Frame): Promise<Buffer>;
  /** What was not committed is rolled back. Never rejects. */
  end(): Promise<void>;
}

const SYNC = 0x53; // S
const QUERY = 0x51; // Q
const EXECUTE = 0x45; // E
/** Bind, Close, Describe, Execute, Flush, Parse, Query, Sync. At any other PGlite ends, or spins for ever. */
const SERVED = new Set(Buffer.from('BCDEHPQS'));
const COPY_DATA = new Set(Buffer.from('dcf'));
const SYNC_FRAME = Buffer.from('S\0\0\0\x04', 'latin1');
const COPY_FAIL_FRAME = Buffer.from('f\0\0\0\x11not possible\0', 'latin1');

/**
 * One client's use of the shared session. It keeps its turn from its first message until the server is ready for a
 * query outside a transaction (PostgreSQL, 53.2), so that nobody else's statement comes between; then the session is
 * put back as it was, so that nothing set by one client reaches another or the server itself.
 */
export function createSocketSession(database: PGlite, turn: Turn): SocketSession {
  let running: Promise<unknown> = Promise.resolve();
  let hasEnded = false;

  async function pass(frame: Frame): Promise<Buffer> {
    const type = frame[0] ?? 0;
    if (COPY_DATA.has(type)) return Buffer.alloc(0);
    if (!SERVED.has(type)) throw new Error('This message is not served.');
    await turn.take();
    if (hasEnded) throw new Error('The session ended while it waited.');
    const answer = await exchange(database, withoutCopy(frame));
    const endsUnit = type === SYNC || type === QUERY;
    if (endsUnit && !database.isInTransaction()) await finishUnit();
    else turn.awaitMore();
    return answer;
  }

  async function finishUnit(): Promise<void> {
    try {
      await database.exec('discard all');
    } finally {
      turn.giveBack();
    }
  }

  async function abandonUnit(): Promise<void> {
    if (!turn.isHeld) return;
    try {
      // After an error in the middle of a batch PostgreSQL skips everything up to the next Sync.
      await exchange(database, SYNC_FRAME);
      if (database.isInTransaction()) await database.exec('rollback');
    } finally {
      await finishUnit();
    }
  }

  return {
    run(frame) {
      const answer = pass(frame);
      running = answer.catch(() => undefined);
      return answer;
    },
    async end() {
      hasEnded = true;
      await running;
      await abandonUnit().catch(() => undefined);
    },
  };
}

/**
 * PGlite would wait for the data of COPY FROM STDIN without letting anything else run, for ever. It finds a CopyFail
 * behind whatever could be one; behind all else PostgreSQL ignores it (53.2.6).
 */
function withoutCopy(frame: Frame): Buffer {
  return frame[0] === QUERY || frame[0] === EXECUTE ? Buffer.concat([frame, COPY_FAIL_FRAME]) : frame;
}

async function exchange(database: PGlite, frame: Uint8Array): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // What it hands out is a window on its memory, which the next call writes over.
  const onRawData = (data: Uint8Array) => void chunks.push(Buffer.from(data));
  await database.runExclusive(() => database.execProtocolRawStream(frame, { onRawData }));
  return Buffer.concat(chunks);
}
