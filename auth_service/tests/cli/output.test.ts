import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOutput } from '../../src/cli/output.ts';

function open(options: { isTerminal: boolean; json?: boolean; noColor?: string }) {
  const texts: string[] = [];
  const stream = (name: string) => ({
    isTTY: options.isTerminal,
    write: (text: string) => texts.push(`${name}: ${text}`),
  });
  const output = createOutput({
    stdout: stream('out'),
    stderr: stream('err'),
    isTerminal: options.isTerminal,
    noColor: options.noColor,
    json: options.json ?? false,
  });
  return { output, texts };
}

const ESCAPE = '\u001b';

describe('output', () => {
  it('sets a table in columns on a terminal', () => {
    const { output } = open({ isTerminal: true, noColor: '1' });
    const table = output.table(
      ['name', 'note'],
      [
        ['a', null],
        ['longer', 'x'],
      ],
    );
    assert.equal(table, 'NAME    NOTE\na       -\nlonger  x');
  });

  it('parts a table by tabs for a program', () => {
    const { output } = open({ isTerminal: false });
    assert.equal(output.table(['name', 'note'], [['a', 'two words']]), 'name\tnote\na\ttwo words');
  });

  it('lets no value break a row or steer the terminal', () => {
    const { output } = open({ isTerminal: false });
    const table = output.table(['name'], [[`red ${ESCAPE}[31m\r\nnext\trow\u202e\u2028`]]);
    assert.equal(table, 'name\nred  [31m next row ');
  });

  it('colours on a terminal only, and never with NO_COLOR', () => {
    const colours = (isTerminal: boolean, noColor?: string) => {
      const { output } = open({ isTerminal, ...(noColor === undefined ? {} : { noColor }) });
      return (output.strong('a') + output.alarm('b')).includes(ESCAPE);
    };
    assert.deepEqual(
      [colours(true), colours(true, ''), colours(true, '1'), colours(false)],
      [true, true, false, false],
    );
  });

  it('puts the result alone on stdout, remarks on stderr', () => {
    const { output, texts } = open({ isTerminal: false });
    output.result({ a: 1 }, () => 'text');
    output.note('remark');
    assert.deepEqual(texts, ['out: text\n', 'err: remark\n']);
  });

  it('is one line of JSON and nothing else with --json', () => {
    const { output, texts } = open({ isTerminal: false, json: true });
    output.result({ a: 1 }, () => 'text');
    output.note('remark');
    assert.deepEqual(texts, ['out: {"a":1}\n']);
  });
});
