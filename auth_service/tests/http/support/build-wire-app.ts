import { createRandom } from '#crypto';
import type { ServiceError } from '#errors';
import { createApp, type Dependencies, type HttpApp, type HttpSettings } from '#http';
import { createLogger } from '#observability';

/** Closed at the end of the block that holds it: `await using`. */
export interface WireApp extends AsyncDisposable {
  readonly app: HttpApp;
  readonly clock: { ms: number };
  readonly lifecycle: { state: 'starting' | 'ready' | 'stopping'; reason: ServiceError | undefined };
  /** Every log line so far, parsed. */
  readonly logged: () => Record<string, unknown>[];
  /** The same as text. */
  readonly logText: () => string;
  /** Every line about a request, oldest first. */
  readonly requestLines: () => Record<string, unknown>[];
}

export interface WireOptions {
  readonly server?: Partial<HttpSettings['server']>;
  readonly settings?: Partial<Omit<HttpSettings, 'server'>>;
  readonly rooms?: Partial<Pick<Dependencies, 'oauth' | 'rbac' | 'audit' | 'keys' | 'health' | 'people'>>;
  readonly inFlightAtMost?: number;
  readonly startIn?: 'starting' | 'ready' | 'stopping';
}

export const SERVER: HttpSettings['server'] = {
  host: '127.0.0.1',
  port: 0,
  rootPath: '/api/v1',
  publicUrl: 'https://auth.example.com',
  trustedProxies: [],
  trustedProxyHeader: 'x-forwarded-for',
  corsAllowOrigins: [],
  corsAllowCredentials: false,
  replicas: 1,
  workers: 1,
};

/** The HTTP room alone, for what it answers without asking another room; asked all the same, those fail. */
export function buildWireApp(options: WireOptions = {}): WireApp {
  const { server, settings, rooms, startIn = 'ready', inFlightAtMost } = options;
  const clock = { ms: Date.parse('2026-02-03T04:05:06.789Z') };
  const now = () => new Date(clock.ms);
  const lifecycle: WireApp['lifecycle'] = { state: startIn, reason: undefined };
  const lines: string[] = [];
  const logger = createLogger({
    level: 'DEBUG',
    environment: 'testing',
    pretty: false,
    write: (line) => void lines.push(line),
  });
  const app = createApp({
    config: {
      environment: 'testing',
      version: '0.1.0',
      identity: { kind: 'embedded', confirmsAutomatically: true },
      ...settings,
      server: { ...SERVER, ...server },
    },
    logger: logger.child('http'),
    random: createRandom(now),
    lifecycle: { state: () => lifecycle.state, reason: () => lifecycle.reason },
    now,
    ...(inFlightAtMost === undefined ? {} : { inFlightAtMost }),
    oauth: unopened('oauth'),
    rbac: unopened('rbac'),
    audit: unopened('audit'),
    keys: unopened('keys'),
    people: null,
    health: { database: () => Promise.resolve(), redis: null },
    ...rooms,
  });
  const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    app,
    clock,
    lifecycle,
    logged,
    [Symbol.asyncDispose]: async () => app.close(),
    logText: () => lines.join(''),
    requestLines: () => logged().filter((line) => line.method !== undefined),
  };
}

/** A room that fails whatever it is asked. */
function unopened<Name extends keyof Dependencies>(name: Name): Dependencies[Name] {
  return new Proxy({} as object, {
    get() {
      throw new Error(`asked ${name}, which this test has not opened`);
    },
  }) as Dependencies[Name];
}
