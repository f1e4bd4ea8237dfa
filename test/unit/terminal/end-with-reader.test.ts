/** A command whose reader has gone: `npm run devices -- list | head`. */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { endWithReader } from '../../../terminal/end-with-reader.ts';

const ROOT = join(import.meta.dirname, '../../..');

function commandFiles(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return Object.values(scripts).flatMap((script) => /^exec node (\S*cli\.ts)/.exec(script)?.[1] ?? []);
}

function streamOf() {
  const stream = new EventEmitter();
  let ends = 0;
  endWithReader([stream as unknown as Writable], () => ends++);
  const fail = (code: string) => stream.emit('error', Object.assign(new Error(code), { code }));
  return { fail, ends: () => ends };
}

describe('a command', () => {
  test('ends without a word where nobody reads what it prints any more', () => {
    const { fail, ends } = streamOf();
    fail('EPIPE');
    expect(ends()).toBe(1);
  });

  test('throws any other error of its output: a full disk is not a reader who has gone', () => {
    const { fail, ends } = streamOf();
    expect(() => fail('ENOSPC')).toThrow('ENOSPC');
    expect(ends()).toBe(0);
  });

  test.each(commandFiles().filter((file) => !file.startsWith('test/')))('of ours ends so: %s', (file) => {
    expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(/^\s*endWithReader\(\);$/m);
  });
});
