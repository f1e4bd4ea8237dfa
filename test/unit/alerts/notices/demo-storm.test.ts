/** The demo's storm as one phone gets it: few messages, each readable alone, as docs/alerts.md shows them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isWaterRule } from '../../../../alerts/lifecycle/grouping.ts';
import { formatWords } from '../../../../alerts/notices/words.ts';
import { createClock } from '../../../../alerts/wording.ts';
import { loadCity } from '../../../../cities/city.ts';
import { playCity } from '../../../support/simulated-minutes.ts';

const DOCUMENT = new URL('../../../../docs/alerts.md', import.meta.url);
const semarang = loadCity('semarang');

test('the storm of the demo comes to a phone in at most six messages, as the document shows them', async () => {
  await using played = await playCity(semarang, Date.parse('2026-01-15T12:20:00Z'));
  await played.pass(420);
  const clock = createClock(semarang.timeZone);
  const storm = played.told.filter(({ body }) => isWaterRule(body.alert.rule));
  const messages = storm.map(({ atMs, body }) => {
    const { subject, text } = formatWords(body, 'https://siaga.example');
    // The ids of alerts are random.
    const stable = text.replaceAll(/(alerts\/[a-z-]+?)-[a-z0-9]{8}$/gm, '$1-…');
    return `${clock(atMs, atMs).en}  ${subject}\n${stable}`;
  });
  if (process.env['PRINT']) console.log(messages.join('\n\n'));
  expect(storm.length).toBeGreaterThan(1);
  expect(storm.length).toBeLessThanOrEqual(6);
  const ids = semarang.devices.map(({ id }) => id).filter((id) => id.includes('-'));
  for (const { body } of storm) {
    const { text } = formatWords(body, undefined);
    for (const id of ids) expect(text).not.toContain(id);
  }
  const shown = readFileSync(DOCUMENT, 'utf8');
  for (const message of messages) expect(shown).toContain(message);
});
