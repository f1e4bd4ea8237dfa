/**
 * docs/bounds.md, written from the rows beside this file: each bound, what happens when it is met, where it is seen,
 * and what somebody notices who does nothing wrong.
 *
 * `npm run docs` writes the file, a test compares it and looks that no bound of the code is missing. Invariant: a
 * number on that page is read off the code that goes by it.
 */
import { writeFileSync } from 'node:fs';
import type { Bound, BoundSection } from './bound.ts';
import { CALL_SECTIONS } from './call-bounds.ts';
import { HTTP_SECTIONS } from './http-bounds.ts';
import { MQTT_ARRIVING } from './mqtt-arriving.ts';
import { MQTT_READING } from './mqtt-reading.ts';
import { MQTT_SENDING } from './mqtt-sending.ts';
import { NODE_BOUNDS } from './node-bounds.ts';
import { PAGE_BOUNDS } from './page-bounds.ts';
import { PEOPLE_SECTIONS } from './people-bounds.ts';
import { STORAGE_SECTIONS } from './storage-bounds.ts';

export const BOUND_SECTIONS: readonly BoundSection[] = [
  MQTT_ARRIVING,
  MQTT_SENDING,
  MQTT_READING,
  ...STORAGE_SECTIONS,
  NODE_BOUNDS,
  ...HTTP_SECTIONS,
  ...CALL_SECTIONS,
  ...PEOPLE_SECTIONS,
  PAGE_BOUNDS,
];

/** The whole document, Markdown. */
export function describeBounds(): string {
  return `<!-- Written by "npm run docs" from opening/bounds; do not edit. -->
# Bounds

Everything that a client can make grow has a bound. Each says what happens when it is met, where that is seen, and what
somebody notices who does nothing wrong. A name in capitals is a variable of the environment with its default in brackets;
why it has that value stands in [configuration.md](configuration.md). What the attacks of the threat model
([security.md](security.md)) cost others is measured in [performance.md](performance.md).
${BOUND_SECTIONS.map(describeSection).join('')}`;
}

function describeSection({ title, intro, bounds }: BoundSection): string {
  return `
## ${title}
${intro}

| bound | value | when it is met | seen at | an honest user |
|---|---|---|---|---|
${bounds.map(describeBound).join('\n')}
`;
}

function describeBound({ what, value, whenMet, seenAt, honest }: Bound): string {
  return `| ${what} | ${value} | ${whenMet} | ${seenAt} | ${honest} |`;
}

if (import.meta.main) {
  writeFileSync(`${import.meta.dirname}/../../docs/bounds.md`, describeBounds());
  console.log('wrote docs/bounds.md');
}
