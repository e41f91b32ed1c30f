import { errorContext, type Logger } from '#observability';

interface Listening {
  readonly onMessage: (message: string) => void;
  readonly onReconnected: (() => void) | undefined;
}

/** Who listens to what in this process. A listener that throws is logged, and disturbs nobody else. */
export interface Channels {
  names(): string[];
  add(channel: string, listening: Listening): { close(): void };
  deliver(channel: string, message: string): void;
  /** The connection is there (again), for these channels or all. */
  reconnected(channel?: string): void;
}

export function createChannels(logger: Logger): Channels {
  const channels = new Map<string, Set<Listening>>();

  function attempt(channel: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      logger.error('A listener failed', { channel, error: errorContext(error) });
    }
  }

  return {
    names: () => [...channels.keys()],
    add(channel, listening) {
      const listeners = channels.get(channel) ?? new Set();
      channels.set(channel, listeners.add(listening));
      return {
        close() {
          listeners.delete(listening);
          if (listeners.size === 0 && channels.get(channel) === listeners) channels.delete(channel);
        },
      };
    },
    deliver(channel, message) {
      for (const { onMessage } of [...(channels.get(channel) ?? [])]) {
        attempt(channel, () => onMessage(message));
      }
    },
    reconnected(channel) {
      for (const [name, listeners] of [...channels]) {
        if (channel !== undefined && channel !== name) continue;
        for (const { onReconnected } of [...listeners]) attempt(name, () => onReconnected?.());
      }
    },
  };
}
