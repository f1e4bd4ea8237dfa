import { describe, expect, it } from 'vitest';
import { HELP } from '../../../firmware-sim/help.ts';
import { type CommandName, OptionsError, parseOptions } from '../../../firmware-sim/options.ts';

function problemsOf(name: CommandName, words: string[]): readonly string[] {
  try {
    parseOptions(name, words);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

/** The words of the example at the end of a help text, with its quotes taken off. */
function exampleWords(name: CommandName): string[] {
  const example = HELP[name].trim().split('\n').at(-1) ?? '';
  const words: string[] = [...(example.match(/"[^"]*"|\S+/g) ?? [])];
  return words.slice(words.indexOf('--') + 2).map((word) => word.replaceAll('"', ''));
}

describe('the command line', () => {
  it('takes the example of each help text', () => {
    for (const name of ['city', 'replay', 'load'] as const) {
      expect(exampleWords(name).length, name).toBeGreaterThan(0);
      expect(problemsOf(name, exampleWords(name)), name).toEqual([]);
    }
  });

  it('takes every option that the help names', () => {
    for (const name of ['city', 'replay', 'load'] as const) {
      for (const [option] of HELP[name].matchAll(/--[a-z-]+/g)) {
        const told = problemsOf(name, [option]).filter((problem) => problem.includes('no such option'));
        expect(told, `${name} ${option}`).toEqual([]);
      }
    }
  });

  it('leaves out what is switched off', () => {
    const options = parseOptions('city', ['--no-rivers', '--faults', 'none', '--seed', '7']);
    expect(options).toMatchObject({ rivers: false, wifi: true, ambulances: true, seed: 7, dispatch: false });
    expect(options.faults).toEqual(new Set());
  });

  it('pairs several columns with several gauges', () => {
    const words = [
      '--csv',
      'f',
      '--time',
      't',
      '--value',
      'a',
      '--device',
      'x',
      '--value',
      'b',
      '--device',
      'y',
    ];
    expect(parseOptions('replay', words)).toMatchObject({ value: ['a', 'b'], device: ['x', 'y'] });
    expect(problemsOf('replay', words.slice(0, -2))).toEqual(['--device: one --device for each --value']);
  });

  it('says every problem at once', () => {
    expect(problemsOf('load', ['--rat', '5', '--duration'])).toEqual([
      '--rat: no such option; see --help',
      '5: an option begins with --',
      '--duration: needs a value',
    ]);
    expect(problemsOf('city', ['--seed', 'x', '--silent-rate', '2', '--url', 'http://x'])).toHaveLength(3);
  });

  it('refuses a value where none belongs', () => {
    expect(problemsOf('city', ['--no-rivers=yes'])).toEqual(['--no-rivers: takes no value']);
  });
});
