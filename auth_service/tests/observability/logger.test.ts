import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { currentRequest, currentRequestId, runWithRequest } from '#observability';
import { captureLog } from './capture.ts';

describe('a log line', () => {
  it('is one JSON object with the fixed fields, then the context', () => {
    const { logger, lines, last } = captureLog();
    runWithRequest({ requestId: 'r-1' }, () =>
      logger.child('http').info('request done\nand more', { method: 'GET', status: 200 }),
    );
    assert.match(lines[0] ?? '', /^\{[^\n]*\}\n$/);
    assert.deepEqual(last(), {
      timestamp: '2026-02-03T04:05:06.789Z',
      level: 'INFO',
      logger: 'http',
      message: 'request done\nand more',
      request_id: 'r-1',
      environment: 'testing',
      method: 'GET',
      status: 200,
    });
  });

  it('names each level in upper case, and levels below the threshold are not written', () => {
    const { logger, lines } = captureLog({ level: 'WARNING' });
    for (const method of ['debug', 'info', 'warning', 'error', 'critical'] as const) logger[method]('x');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).level),
      ['WARNING', 'ERROR', 'CRITICAL'],
    );
    assert.equal(logger.isEnabled('INFO'), false);
    assert.equal(logger.child('kv').isEnabled('WARNING'), true);
  });

  it('cannot be made to carry its own fields twice', () => {
    const { logger, lines, last } = captureLog();
    const context = JSON.parse(
      '{"level":"DEBUG","message":"spoof","timestamp":0,"__proto__":{"admin":true}}',
    );
    logger.info('true', context);
    assert.equal(lines[0]?.match(/"level":/g)?.length, 1);
    assert.equal(last().message, 'true');
    assert.equal(last().context_message, 'spoof');
    assert.equal('admin' in last(), false);
  });

  it('outside a request has no request id, unless the context gives one', () => {
    const { logger, last } = captureLog();
    logger.info('x');
    assert.equal('request_id' in last(), false);
    logger.info('x', { request_id: 'given' });
    assert.equal(last().request_id, 'given');
  });

  it('is written whatever the context holds', () => {
    const { logger, lines, last } = captureLog();
    const circular: Record<string, unknown> = { name: 'loop', big: 10n ** 300n, small: 5n, nan: Number.NaN };
    circular.self = circular;
    const hostile = {
      get boom(): never {
        throw new Error('no');
      },
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    logger.info('x', {
      circular,
      revoked: revoked.proxy,
      map: new Map([['a', { token: 't' }]]),
      bytes: Buffer.alloc(9),
    });
    assert.deepEqual(last().circular, {
      name: 'loop',
      big: '[huge number]',
      small: '5',
      nan: 'NaN',
      self: '[circular]',
    });
    assert.equal(last().revoked, '[unreadable]');
    assert.deepEqual(last().map, { a: { token: '[redacted]' } });
    assert.equal(last().bytes, '[9 bytes]');
    logger.info('nested', { hostile, list: [hostile] });
    assert.deepEqual(last().list, ['[unreadable]']);
    logger.info('top', hostile);
    assert.equal(last().message, 'top');
    logger.info(undefined as unknown as string, null as unknown as undefined);
    assert.equal(lines.length, 4);
  });

  it('stays small when the context is huge', () => {
    const { logger, lines } = captureLog();
    const wide = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`k${index}`, 'v'.repeat(500)]),
    );
    let deep: unknown = 'bottom';
    for (let level = 0; level < 10_000; level++) deep = { deep };
    const bushy = (level: number): unknown =>
      level === 0 ? 1 : Array.from({ length: 100 }, () => bushy(level - 1));
    logger.info('m'.repeat(100_000), { text: 'x'.repeat(1_000_000), wide, deep, bushy: bushy(3) });
    logger.info('x', wide);
    logger.info('x', { ['n'.repeat(1_000_000)]: 1, deep: { ['n'.repeat(1_000_000)]: 1 } });
    for (const line of lines) {
      assert.ok(line.length < 100_000);
      JSON.parse(line);
    }
  });
});

describe('the request context', () => {
  it('follows asynchronous work and keeps requests apart', async () => {
    const seen = await Promise.all(
      ['a', 'b'].map((requestId) =>
        runWithRequest({ requestId, clientIp: `ip-${requestId}` }, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return [currentRequestId(), currentRequest()?.clientIp];
        }),
      ),
    );
    assert.deepEqual(seen, [
      ['a', 'ip-a'],
      ['b', 'ip-b'],
    ]);
    assert.equal(currentRequest(), undefined);
  });
});

describe('on a terminal', () => {
  it('a line is text, and control characters from strangers stay text', () => {
    const { logger, lines } = captureLog({ pretty: true });
    logger
      .child('http')
      .warning('hello \u001b[2J\u009b2J', { agent: '\u001b]0;owned\u0007', password: 'hunter2' });
    const text = stripVTControlCharacters(lines[0] ?? '');
    assert.match(text, /WARNING.*http: hello \\u001b\[2J\\u009b2J.*\[redacted\]/);
    for (const bad of ['\u001b[2J', '\u001b]', '\u0007', '\u009b', 'hunter2'])
      assert.ok(!lines[0]?.includes(bad));
  });
});

describe('standard output', () => {
  const door = new URL('../../src/observability/index.ts', import.meta.url).href;
  const program = (end: string) => `
    import { createLogger } from '${door}';
    const logger = createLogger({ level: 'INFO', environment: 'testing', pretty: false });
    for (let n = 0; n < 5000; n++) logger.info('line', { n, pad: 'é'.repeat(60) });
    ${end}`;
  const run = (end: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', program(end)], {
      encoding: 'utf8',
      maxBuffer: 1e8,
    });

  for (const [name, end] of [
    ['the process leaves by itself', ''],
    ['process.exit', 'process.exit(3);'],
    ['an uncaught exception', "throw new Error('crash');"],
  ] as const) {
    it(`loses no line at ${name}`, () => {
      const numbers = run(end)
        .stdout.trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).n);
      assert.deepEqual(
        numbers,
        Array.from({ length: 5000 }, (_, n) => n),
      );
    });
  }

  it('has an error line out before the next statement runs', () => {
    const { stdout } = run("logger.error('last words'); process.kill(process.pid, 'SIGKILL');");
    assert.match(stdout, /last words/);
  });
});
