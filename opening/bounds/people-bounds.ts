/** Bounds of alarms, of what people are told, and of dispatch. */

import { MAX_LOG } from '../../alerts/alert.ts';
import { MAX_RECENT } from '../../alerts/lifecycle/lifecycle.ts';
import { MAX_SILENCE_MS, MAX_SILENCES } from '../../alerts/lifecycle/silences.ts';
import { MAX_OPEN } from '../../alerts/notices/cap-feed.ts';
import {
  MAX_WAITING as MAX_NOTICES,
  GIVE_UP_AFTER_MS as NOTICE_ENDS_MS,
} from '../../alerts/notices/outbox.ts';
import { MAX_PEOPLE_CHANNELS } from '../../alerts/notices/people-channels.ts';
import { MAX_OF_A_BROWSER, MAX_SUBSCRIPTIONS } from '../../alerts/notices/push/push-book.ts';
import { CALL_TIMEOUT_MS, SENDS_AT_ONCE } from '../../alerts/notices/push/push-channel.ts';
import { MAX_ENDPOINT_CHARACTERS } from '../../alerts/notices/push/push-hosts.ts';
import { MAX_WAITING_OF_STORM } from '../../alerts/notices/storm-pages.ts';
import { MAX_UNSWEPT, SWEEP_AT_LEAST_EVERY_MS } from '../../alerts/record/alert-saver.ts';
import { MAX_ENTRIES } from '../../alerts/record/rebuild.ts';
import { CALLS_PER_MIN } from '../../api/alerts/push.ts';
import { API_MAX_CONNECTIONS } from '../../api/app.ts';
import { MAX_WITHHELD } from '../../api/dispatch/ambulances.ts';
import { BATCH, MAX_BATCHES } from '../../api/state-retention.ts';
import { environmentSchema } from '../../config/environment.ts';
import { MAX_AUDIT_LINES } from '../../dispatch/city-dispatch.ts';
import { GIVE_UP_AFTER_MS as CLOCK_STEP_TRIED_MS } from '../../dispatch/clock-follower.ts';
import { MAX_ROWS } from '../../dispatch/incidents/figures.ts';
import { MAX_OPEN_INCIDENTS } from '../../dispatch/incidents/incident-row.ts';
import { HEAT_DAYS, MAX_CALLS } from '../../dispatch/recommendation/call-heat.ts';
import { MAX_UNITS } from '../../dispatch/recommendation/coverage-now.ts';
import { MAX_LAYER_CELLS } from '../../dispatch/recommendation/map-cells.ts';
import { MAX_EXCLUDED, MAX_EXPLAINED_FLEET } from '../../dispatch/recommendation/recommendation.ts';
import { MAX_OUTSIDE_UNITS } from '../../dispatch/roads/outside-engine.ts';
import { MAX_CELLS } from '../../dispatch/roads/pace/pace-memory.ts';
import { MAX_ROUTE_POINTS } from '../../dispatch/roads/road-route.ts';
import { MAX_WAITING as MAX_UNIT_MESSAGES } from '../../dispatch/units/unit-messages.ts';
import { MAX_ROUTES } from '../../dispatch/units/unit-routes.ts';
import { MAX_AT_ONCE, MAX_WAITING as MAX_DELIVERIES } from '../../dispatch/words/word-delivery.ts';
import { MAX_OPEN_MESSAGES } from '../../dispatch/words/word-desk.ts';
import { GIVE_UP_AFTER_MS as WORD_ENDS_MS } from '../../dispatch/words/word-reminders.ts';
import { API_SHARE, OWN_DESCRIPTORS } from '../share-descriptors.ts';
import {
  answered,
  type Bound,
  type BoundSection,
  count,
  duration,
  hit,
  metric,
  percent,
  refusedCalls,
  variable,
} from './bound.ts';

const { MQTT_MAX_CONNECTIONS } = environmentSchema.parse({});

const house: readonly Bound[] = [
  {
    what: 'open files and sockets',
    value: `\`ulimit -n\`; ${count(OWN_DESCRIPTORS + MQTT_MAX_CONNECTIONS + API_MAX_CONNECTIONS)} for the defaults`,
    whenMet: `below that broker and API take fewer connections, ${percent(API_SHARE)} of what is left are the API’s; the start says so`,
    seenAt: hit('connections'),
    honest: 'tries again',
  },
  {
    what: 'what is erased or removed because of its age, in one hour',
    value: `${count(BATCH * MAX_BATCHES)} of each kind`,
    whenMet: 'the rest an hour later',
    seenAt: metric('siaga_retention_removed_total'),
    honest: 'nothing',
  },
];

const alarms: readonly Bound[] = [
  {
    what: 'readings that a start recalls for the alarms',
    value: `${count(MAX_UNSWEPT)}, or ${duration(SWEEP_AT_LEAST_EVERY_MS)}; ${count(MAX_ENTRIES)} where the state is lost`,
    whenMet: 'the state of the devices that moved is saved',
    seenAt: `${metric('siaga_backlog_entries', 'consumer="alerts"')} at the start`,
    honest: 'nothing',
  },
  {
    what: 'lines in the story of one alert; alerts that ended and may open again',
    value: `${MAX_LOG}; ${count(MAX_RECENT)}`,
    whenMet: 'a line of the middle goes, the first ten stay; a correction opens a new alert',
    seenAt: '`GET /v1/alerts/{id}`',
    honest: 'the story has a gap in its middle',
  },
  {
    what: 'silences; the longest',
    value: `${MAX_SILENCES}; ${duration(MAX_SILENCE_MS)}`,
    whenMet: '409; 400',
    seenAt: answered(400, 409),
    honest: 'ends one first',
  },
  {
    what: 'people’s channels of the city',
    value: count(MAX_PEOPLE_CHANNELS),
    whenMet: '422',
    seenAt: answered(422),
    honest: 'one address for a group of people',
  },
  {
    what: 'notices of one channel in a minute',
    value: variable('NOTICES_PER_CHANNEL_PER_MIN'),
    whenMet: `the rest wait, the worst first, ${duration(NOTICE_ENDS_MS)} at most`,
    seenAt: `${metric('siaga_notices_waiting')}, ${metric('siaga_notices_total', 'outcome="failed"')}`,
    honest: 'news of less weight comes later',
  },
  {
    what: 'notices that wait, of one channel; of one storm',
    value: `${count(MAX_NOTICES)}; ${MAX_WAITING_OF_STORM}`,
    whenMet: 'the oldest of the least urgent are dropped; of a storm they are on the page only',
    seenAt: metric('siaga_notices_total', 'outcome="dropped"'),
    honest: 'reads the least urgent on the page',
  },
  {
    what: 'open warnings in the CAP feed',
    value: count(MAX_OPEN),
    whenMet: 'the oldest are left out',
    seenAt: metric('siaga_alerts_open'),
    honest: 'reads them at `GET /v1/alerts`',
  },
  {
    what: 'gauges followed, of all browsers; of one; the address of one',
    value: `${count(MAX_SUBSCRIPTIONS)}; ${MAX_OF_A_BROWSER}; ${count(MAX_ENDPOINT_CHARACTERS)} characters`,
    whenMet: '409 `push-full`; 409 `push-many`; 400',
    seenAt: metric('siaga_push_refused_total'),
    honest: 'the page says so; ends another first',
  },
  {
    what: 'calls about following from one address',
    value: `${CALLS_PER_MIN} a minute a call`,
    whenMet: '429',
    seenAt: refusedCalls('calls'),
    honest: 'waits a minute',
  },
  {
    what: 'pushed messages on their way at once',
    value: `${SENDS_AT_ONCE}, each ${duration(CALL_TIMEOUT_MS)} at most`,
    whenMet: 'the others wait',
    seenAt: metric('siaga_notices_waiting'),
    honest: 'a later message',
  },
];

const dispatch: readonly Bound[] = [
  {
    what: 'open incidents',
    value: count(MAX_OPEN_INCIDENTS),
    whenMet: '503 that says to close some',
    seenAt: answered(503),
    honest: 'closes some',
  },
  {
    what: 'trying to bring open orders to the new time after our clock was set',
    value: duration(CLOCK_STEP_TRIED_MS),
    whenMet: 'they keep the times of before, which the log says',
    seenAt: '`siaga_dispatch_clock_steps_total{outcome="given-up"}`',
    honest: 'has a database that works',
  },
  {
    what: 'units in the list of those that are out of service or may carry a patient',
    value: count(MAX_WITHHELD),
    whenMet: 'the first are listed; the others are offered to nobody all the same',
    seenAt: '`GET /v1/ambulances/withheld`',
    honest: 'puts some back',
  },
  {
    what: 'messages to one crew that it has not acknowledged',
    value: count(MAX_OPEN_MESSAGES),
    whenMet: 'a problem that says to call it by radio',
    seenAt: '`GET /v1/ambulances/{id}/words`',
    honest: 'calls by radio',
  },
  {
    what: 'a cancellation or a message that nobody acknowledges',
    value: duration(WORD_ENDS_MS),
    whenMet: 'it ends, and the stream says so',
    seenAt: '`word-given-up` in the stream',
    honest: 'calls by radio',
  },
  {
    what: 'what units said or acknowledged and waits for the database; commands to one unit at once',
    value: `${count(MAX_UNIT_MESSAGES)} and ${count(MAX_DELIVERIES)}; ${MAX_AT_ONCE}`,
    whenMet: 'dropped: the unit’s next reading says it again; commands go with their timers',
    seenAt: metric('siaga_dispatch_dropped_unit_work_total'),
    honest: 'a step is shown some seconds later',
  },
  {
    what: 'units told one by one why they are not recommended; the fleet of which it is told',
    value: `${MAX_EXCLUDED}; ${count(MAX_EXPLAINED_FLEET)}`,
    whenMet: 'only counted',
    seenAt: '`excludedTotal` in the answer',
    honest: 'asks for the unit itself',
  },
  {
    what: 'ways of candidates that are drawn at once; points of one',
    value: `${MAX_ROUTES}; ${MAX_ROUTE_POINTS}`,
    whenMet: 'refused; bends are left out, as few metres as will do',
    seenAt: 'the answer',
    honest: 'nothing',
  },
  {
    what: 'cells of a layer of the map; calls that its heat counts, and of how many days',
    value: `${count(MAX_LAYER_CELLS)}; ${count(MAX_CALLS)}, ${HEAT_DAYS}`,
    whenMet: 'larger cells; the newest are counted',
    seenAt: '`truncated` in the answer, `>` in its sentence',
    honest: 'nothing',
  },
  {
    what: 'units that an outside engine is asked for; the fleet of which coverage is measured',
    value: `${MAX_OUTSIDE_UNITS}; ${MAX_UNITS}`,
    whenMet: 'the answer says that it is not exact; no coverage is shown',
    seenAt: '`exact` in the answer',
    honest: 'as said',
  },
  {
    what: 'places whose travel times are learned',
    value: `${count(MAX_CELLS)} cells`,
    whenMet: 'a new place takes what the whole city knows',
    seenAt: metric('siaga_dispatch_stretches_total', 'outcome="full"'),
    honest: 'nothing',
  },
  {
    what: 'incidents in one question for figures; lines of one incident’s audit',
    value: `${count(MAX_ROWS)}; ${count(MAX_AUDIT_LINES)}`,
    whenMet: 'the answer says `truncated`; the first lines are shown',
    seenAt: '`truncated` in the answer',
    honest: 'asks for a shorter time',
  },
];

export const PEOPLE_SECTIONS: readonly BoundSection[] = [
  { title: 'Alarms and notices', intro: 'What people are told.', bounds: alarms },
  { title: 'Dispatch', intro: 'Nothing here keeps an ambulance from a call.', bounds: dispatch },
  { title: 'The house', intro: 'What all of it shares.', bounds: house },
];
