/** Bounds of the API: what one call may ask for, and people's accounts. */

import { MAX_REMEMBERED } from '../../api/access/read-audit.ts';
import { MAX_READS } from '../../api/access/reads.ts';
import { MAX_LINK_HOURS, MAX_OPEN_INVITATIONS, MAX_PEOPLE } from '../../api/accounts/people-store.ts';
import { MAX_AGENT_LENGTH, MAX_SESSIONS_EACH } from '../../api/accounts/session-store.ts';
import { AGE_MS, IDLE_MS } from '../../api/accounts/sessions.ts';
import { MAX_LENGTH } from '../../api/accounts/token-name.ts';
import { MAX_LIMIT as MAX_ALERTS } from '../../api/alerts/alerts.ts';
import { MAX_POINTS } from '../../api/alerts/backtests.ts';
import {
  MAX_READINGS as MAX_TRIED,
  MAX_ALERTS as MAX_TRIED_ALERTS,
  MAX_DEVICES as MAX_TRIED_DEVICES,
  WITHIN_MS,
} from '../../api/city/change-trials.ts';
import { MAX_CROSSINGS, MAX_ROADS } from '../../api/city/city.ts';
import { MAX_DIFFERENCES } from '../../api/city/entry-lists.ts';
import { MAX_LIMIT as MAX_DEVICES } from '../../api/devices/devices.ts';
import { MAX_SAMPLE_CHARACTERS } from '../../api/devices/formats.ts';
import { MAX_RANGE_MS, MAX_LIMIT as MAX_READINGS, MAX_WINDOWS } from '../../api/devices/reading-query.ts';
import { MAX_LIMIT as MAX_REJECTIONS } from '../../api/devices/rejections.ts';
import { MAX_CANDIDATES } from '../../api/dispatch/ambulances.ts';
import { MAX_SPAN_MS } from '../../api/dispatch/figures.ts';
import { MAX_INCIDENTS } from '../../api/dispatch/incident-reads.ts';
import { MAX_EXPORTED } from '../../api/dispatch/privacy.ts';
import { MAX_LIFE_DAYS, MAX_TOKENS_IN_FORCE } from '../../api/tokens/token-store.ts';
import { answered, type Bound, type BoundSection, count, days, duration, metric } from './bound.ts';

const NEXT_PAGE = 'follows `next`';

const answers: readonly Bound[] = [
  {
    what: 'entries of one page',
    value: `readings ${count(MAX_READINGS)}, devices ${count(MAX_DEVICES)}, reads ${count(MAX_READS)}, alerts ${MAX_ALERTS}, incidents ${MAX_INCIDENTS}, rejections ${MAX_REJECTIONS}, calls of one number ${MAX_EXPORTED}, units in a recommendation ${MAX_CANDIDATES}`,
    whenMet: '400; the rest is on the next page, or said to be left out',
    seenAt: answered(400),
    honest: NEXT_PAGE,
  },
  {
    what: 'a range of readings; windows in it; a span of figures',
    value: `${duration(MAX_RANGE_MS)}; ${count(MAX_WINDOWS)}; ${duration(MAX_SPAN_MS)}`,
    whenMet: '400',
    seenAt: answered(400),
    honest: 'asks for less, or for wider windows',
  },
  {
    what: 'readings of one back-test; of a change, its devices, alerts and time',
    value: `${count(MAX_POINTS)}; ${count(MAX_TRIED)}, ${MAX_TRIED_DEVICES}, ${MAX_TRIED_ALERTS}, ${duration(WITHIN_MS)}`,
    whenMet: '413, 503; alerts beyond are counted',
    seenAt: answered(413, 503),
    honest: 'asks for a shorter time, or for a group',
  },
  {
    what: 'differences of a city to its folder in one answer',
    value: count(MAX_DIFFERENCES),
    whenMet: 'the rest is counted',
    seenAt: 'the page of the city',
    honest: 'reads the entry itself',
  },
  {
    what: 'roads and crossings on the map',
    value: `${count(MAX_ROADS)}, ${count(MAX_CROSSINGS)}`,
    whenMet: 'the least important are left out',
    seenAt: 'the map',
    honest: 'alleys are missing; `MAP_FILE` has them',
  },
  {
    what: 'a sample of a foreign format that is tried',
    value: `${count(MAX_SAMPLE_CHARACTERS)} characters`,
    whenMet: '400',
    seenAt: answered(400),
    honest: 'a shorter sample',
  },
  {
    what: 'tokens in force; the life and the name of one',
    value: `${count(MAX_TOKENS_IN_FORCE)}; ${days(MAX_LIFE_DAYS)}, ${MAX_LENGTH} characters`,
    whenMet: '409; 400',
    seenAt: answered(400, 409),
    honest: 'revokes what nobody uses',
  },
  {
    what: 'reads that count as one line of the audit when they are repeated',
    value: count(MAX_REMEMBERED),
    whenMet: 'one more line',
    seenAt: '`GET /v1/reads`',
    honest: 'nothing',
  },
];

const accounts: readonly Bound[] = [
  {
    what: 'people; links that nobody has used; how long a link lasts',
    value: `${count(MAX_PEOPLE)}; ${MAX_OPEN_INVITATIONS}; ${MAX_LINK_HOURS} h`,
    whenMet: '409 that says to remove or withdraw some; 400',
    seenAt: answered(400, 409),
    honest: 'removes or withdraws some',
  },
  {
    what: 'sessions of one person or token; what is kept of a browser’s name',
    value: `${MAX_SESSIONS_EACH}; ${MAX_AGENT_LENGTH} characters`,
    whenMet: 'the one that was used longest ago ends; cut',
    seenAt: metric('siaga_sessions_ended_total', 'why="bound"'),
    honest: 'signs in again on the device that was left alone',
  },
  {
    what: 'the time of a session',
    value: `${duration(IDLE_MS)} without use, ${duration(AGE_MS)} in all`,
    whenMet: 'it ends, and the page says so',
    seenAt: `${metric('siaga_sessions_ended_total', 'why="idle"')}, ${metric('siaga_sessions_ended_total', 'why="age"')}`,
    honest: 'signs in again',
  },
];

export const CALL_SECTIONS: readonly BoundSection[] = [
  { title: 'HTTP: one call', intro: 'What may be asked for at once.', bounds: answers },
  { title: 'Accounts', intro: 'People, sessions, links.', bounds: accounts },
];
