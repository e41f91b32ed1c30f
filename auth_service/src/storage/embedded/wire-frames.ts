/** A message of the frontend as it came, its type byte and length included. */
export type Frame = Buffer;

export interface FrameReader {
  /** Takes what has arrived. @returns the messages that are whole by now. Throws when it is not the protocol. */
  read(chunk: Buffer): Frame[];
  /** From here on messages have a type byte, which the first ones lack. */
  endStartup(): void;
}

/** More than any statement of ours; less than what would hurt. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const MAX_STARTUP_BYTES = 10_000;

/** Cuts a stream of bytes into messages (PostgreSQL, 53.2.1 and 53.7). */
export function createFrameReader(): FrameReader {
  let buffered: Buffer = Buffer.alloc(0);
  let isStartup = true;

  function takeFrame(): Frame | null {
    const typeBytes = isStartup ? 0 : 1;
    if (buffered.length < typeBytes + 4) return null;
    const length = buffered.readInt32BE(typeBytes);
    if (length < 4 || length > (isStartup ? MAX_STARTUP_BYTES : MAX_FRAME_BYTES)) {
      throw new Error('This is not the protocol of PostgreSQL.');
    }
    if (buffered.length < typeBytes + length) return null;
    const frame = buffered.subarray(0, typeBytes + length);
    buffered = buffered.subarray(typeBytes + length);
    return frame;
  }

  return {
    read(chunk) {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
      const frames: Frame[] = [];
      // One message of the startup at a time: what it says decides how the next is read.
      for (let frame = takeFrame(); frame !== null; frame = takeFrame()) {
        frames.push(frame);
        if (isStartup) break;
      }
      return frames;
    },
    endStartup() {
      isStartup = false;
    },
  };
}
