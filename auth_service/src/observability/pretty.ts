import { createRequire } from 'node:module';

/**
 * Turns a JSON line into text for a person. pino-pretty is loaded here and only then: a server without a terminal
 * never pays for it.
 */
export function createPrettifier(): (line: string) => string {
  const { prettyFactory }: typeof import('pino-pretty') = createRequire(import.meta.url)('pino-pretty');
  const prettify = prettyFactory({
    messageKey: 'message',
    timestampKey: 'timestamp',
    levelKey: 'level',
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'environment,logger,request_id',
    messageFormat: '{if logger}{logger}: {end}{message}{if request_id} ({request_id}){end}',
    customLevels: 'debug:20,info:30,warning:40,error:50,critical:60',
    customColors: 'debug:blue,info:green,warning:yellow,error:red,critical:bgRed',
    singleLine: true,
  });
  return (line) => prettify(showControls(line));
}

/** Control characters reach the terminal as text: a user agent cannot move its cursor or colour it. */
function showControls(line: string): string {
  return line
    .replace(/\\\\|\\u00[01][\da-f]/gi, (found) => (found === '\\\\' ? found : `\\${found}`))
    .replace(
      /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
      (found) => `\\\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}
