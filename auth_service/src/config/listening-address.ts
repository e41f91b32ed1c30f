import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { ConfigError } from './config-error.ts';
import { guessEnvironment } from './load.ts';
import type { EnvironmentTexts, ReadFile } from './lookup.ts';
import { createReading } from './reading.ts';
import { serviceSection } from './sections/service.ts';

export interface ListeningAddress {
  /** An address that reaches the server from its own machine. */
  readonly host: string;
  readonly port: number;
}

const EVERY_ADDRESS: readonly string[] = ['0.0.0.0', '::'];
const LOOPBACK = '127.0.0.1';

/**
 * Where the server of this environment is found from beside it. Of the environment HOST and PORT alone are looked at,
 * so that nothing else that is missing or wrong there stands in the way.
 * @throws ConfigError
 */
export function readListeningAddress(
  texts: EnvironmentTexts,
  readFile: ReadFile = (path) => readFileSync(path, 'utf8'),
): ListeningAddress {
  const { host, port } = serviceSection.variables;
  const reading = createReading(texts, readFile, guessEnvironment(texts, readFile));
  const named = reading.read(host);
  const address = {
    host: EVERY_ADDRESS.includes(named) ? LOOPBACK : isIPv6(named) ? `[${named}]` : named,
    port: reading.read(port),
  };
  if (address.port === 0) {
    reading.fault(port, 'is 0, so that nobody can tell where the server listens.', 'Name the port.');
  }
  if (reading.faults.length > 0) throw new ConfigError(reading.faults);
  return address;
}
