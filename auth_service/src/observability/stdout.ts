import { writeSync } from 'node:fs';

/** Lines wait for company for so long at most. */
const DELAY_MS = 20;
const BATCH_CHARACTERS = 16_384;
/** Between two tries while a reader that is behind has filled a non-blocking pipe. */
const PIPE_PAUSE_MS = 5;

export interface LineWriter {
  write(line: string): void;
  /** Everything written so far is out when this returns. */
  flush(): void;
}

/**
 * Standard output, several lines a system call. Writing is synchronous, so nothing is in flight when the process ends,
 * and a reader too slow to follow slows the service down rather than filling its memory. What still waits is written
 * when the process exits, also through process.exit and an uncaught exception.
 */
export function openStdout(descriptor = 1): LineWriter {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    process.off('exit', flush);
    const text = waiting;
    waiting = '';
    try {
      writeAll(descriptor, text);
    } catch {
      // Nobody reads any more (EPIPE), and there is no other place to say so.
    }
  }

  return {
    write(line) {
      waiting += line;
      if (waiting.length >= BATCH_CHARACTERS) return flush();
      if (timer !== undefined) return;
      timer = setTimeout(flush, DELAY_MS).unref();
      process.on('exit', flush);
    },
    flush,
  };
}

function writeAll(descriptor: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_PAUSE_MS);
    }
  }
}
