/** Each folder here is a trap: published messages in, alerts out. The sentence of a case names its test. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AlertCase, caseSchema, describeAlerts, parseSpan, playCase } from '../support/alert-case.ts';
import { START_MS } from '../support/alert-house.ts';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

function loadCase(folder: string): AlertCase {
  return caseSchema.parse(JSON.parse(readFileSync(`${import.meta.dirname}/${folder}/case.json`, 'utf8')));
}

test('there are at least forty cases', () => {
  expect(folders.length).toBeGreaterThanOrEqual(40);
});

describe.each(folders)('%s', (folder) => {
  const spec = loadCase(folder);
  test(spec.says, () => expectCase(spec));
});

const restarts = folders.filter((folder) => loadCase(folder).events.some((event) => event.crash));
test.each(restarts)('%s, and the saved state is of another version: rebuilt from the journal', (folder) =>
  expectCase(loadCase(folder), { forget: true }),
);

async function expectCase(spec: AlertCase, options?: { forget: boolean }): Promise<void> {
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
