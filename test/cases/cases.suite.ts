/**
 * Each folder here is a trap: published messages in, alerts out. The sentence of a case names its test.
 * Files of this folder run a part of the alphabet each, so that two workers share them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type AlertCase,
  caseSchema,
  describeAlerts,
  type PlayOptions,
  parseSpan,
  playCase,
} from '../support/alert-case.ts';
import { START_MS } from '../support/alert-house.ts';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

function loadCase(folder: string): AlertCase {
  return caseSchema.parse(JSON.parse(readFileSync(`${import.meta.dirname}/${folder}/case.json`, 'utf8')));
}

/** The longest case plays two days, in a second or two; a machine that does much else may take its time. */
const PATIENT_MS = 240_000;

/** The cases whose names begin with these letters, both included. */
export function describeCases(first: string, last: string, options: PlayOptions = {}): void {
  const mine = folders.filter(([letter = '']) => letter >= first && letter <= last);
  test('there are cases of these letters', () => {
    expect(mine.length).toBeGreaterThan(10);
  });
  test('no case is left out by all files, which divide the letters from a to z', () => {
    expect(folders.filter((folder) => !/^[a-z]/.test(folder))).toEqual([]);
  });
  const specs = new Map(mine.map((folder) => [folder, loadCase(folder)]));
  describe.each([...specs])('%s', (_folder, spec) => {
    test(spec.says, () => expectCase(spec, options), PATIENT_MS);
  });
  const restarts = [...specs].filter(([, spec]) => spec.events.some((event) => event.crash));
  if (restarts.length === 0) return;
  test.each(restarts)(
    '%s, and the saved state is of another version: rebuilt from the journal',
    (_folder, spec) => expectCase(spec, { ...options, forget: true }),
    PATIENT_MS,
  );
}

async function expectCase(spec: AlertCase, options: PlayOptions): Promise<void> {
  await using house = await playCase(spec, options);
  const found = await describeAlerts(house, spec.rules);
  const expected = spec.alerts.map((alert) => ({
    ...alert,
    ...(alert.startedAt === undefined ? {} : { startedAt: START_MS + parseSpan(alert.startedAt) }),
    ...(alert.endedAt === undefined ? {} : { endedAt: START_MS + parseSpan(alert.endedAt) }),
  }));
  expect(found).toMatchObject(expected);
  expect(found, 'no other alerts').toHaveLength(expected.length);
  if (spec.told) {
    const told = house.told.filter(({ alert }) => !spec.rules || spec.rules.includes(alert.rule));
    expect(told.map(({ alert, change }) => `${alert.rule} ${change}`)).toEqual(spec.told);
  }
  if (spec.retained !== undefined) {
    const kept = new Map(
      house.published.filter((each) => each.retain).map((each) => [each.topic, each.payload]),
    );
    expect([...kept.values()].filter((payload) => payload !== '')).toHaveLength(spec.retained);
  }
}
