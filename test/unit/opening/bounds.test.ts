/** docs/bounds.md: written from the code, names only counters that are there, and leaves out no bound of a client. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { BOUND_SECTIONS, describeBounds } from '../../../opening/bounds/describe-bounds.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** Whose constants may bound a client. */
const ROOMS = ['api', 'broker', 'ingest', 'journal', 'fleet', 'dispatch', 'sources', 'alerts', 'relay'];
/** What a bound is called. */
const BOUND =
  /^(?:export )?const ((?:[A-Z0-9]+_)*(?:MAX|AT_ONCE|PER_MIN|PER_S)(?:_[A-Z0-9]+)*)(?:: \w+)? = [\d(]/gm;

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const rows = BOUND_SECTIONS.flatMap(({ bounds }) => bounds);

/** Reason → constants that have the name of a bound and bound no client. */
const NO_BOUND_OF_A_CLIENT: Record<string, readonly string[]> = {
  'of the protocol itself, where a client says nothing': [
    'broker/clients/connect-5.ts MAX_PACKET_BYTES',
    'broker/clients/connect-5.ts MAX_RECEIVE_MAXIMUM',
  ],
  'of what we write ourselves: words, cards, messages': [
    'alerts/notices/push/push-channel.ts MAX_REMEMBERED',
    'alerts/notices/push/push-words.ts MAX_CHARACTERS',
    'alerts/notices/telegram-channel.ts MAX_TEXT',
    'alerts/notices/words.ts MAX_NAMED',
    'api/server/failures.ts MAX_LISTED_FIELDS',
    'api/ingest/influx-answers.ts MAX_HEADER_CHARACTERS',
    'api/access/public-reads.ts PREFLIGHT_MAX_AGE_S',
    'api/pages/public-pages.ts MAX_FLOODS',
    'api/tokens/token-store.ts MAX_LISTED',
    'ingest/explain-unread.ts MAX_NAMED',
    'ingest/stored-part.ts MAX_TIMES',
    'journal/sqlite/salvage/salvage.ts MAX_REPORTED_RANGES',
  ],
  'the size of our own steps: memory and turns of the event loop, whoever asks': [
    'alerts/notices/push/push-book.ts GAUGES_AT_ONCE',
    'api/live/story-rows.ts GAUGES_AT_ONCE',
    'api/pages/page-files.ts MAX_STRIPPED_BYTES',
    'broker/connection/publish-batch.ts MAX_FIXED_BYTES',
    'dispatch/words/word-reminders.ts MAX_DUE',
    'journal/keep-draining.ts MAX_ENTRIES',
    'journal/sqlite/writing/group-commit.ts MAX_IN_FLIGHT',
  ],
  'what a rule remembers of each device, whatever the device sends': [
    'alerts/levels/drain.ts MAX_FLOODS',
    'alerts/levels/drain.ts SPELL_MAX_UNITS',
    'alerts/levels/ordinary-falls.ts MAX_DAYS',
    'alerts/levels/ordinary-falls.ts MAX_INTERVALS',
    'alerts/levels/ordinary-rises.ts MAX_DAYS',
    'alerts/levels/doubt.ts FAR_MAX_MS',
    'alerts/levels/doubt.ts SPIKED_LATELY_MAX_MS',
    'alerts/judgement/fold.ts MAX_INTERVAL_GROWTH',
    'alerts/judgement/fold.ts MAX_INTERVAL_MS',
    'alerts/judgement/hear.ts MAX_EVIDENCE',
    'alerts/levels/recent.ts MAX_POINTS',
    'alerts/levels/rise-past.ts MAX_MARKS',
    'alerts/levels/rise-shares.ts MAX_WEIGHT',
    'alerts/judgement/sending-rhythm.ts PAUSE_MAX_MS',
    'alerts/judgement/timeline.ts MAX_ENTRIES',
    'alerts/lifecycle/escalation.ts MAX_ESCALATIONS',
    'alerts/rules/gauge-spiking.ts MAX_SPAN_INTERVALS',
    'alerts/rules/gauge-spiking.ts MAX_SPIKES',
    'alerts/rules/gauge-stuck.ts MAX_SHARE',
    'alerts/rules/rain.ts MAX_SLOTS',
  ],
  'the same bound in another place': ['alerts/record/restore-alerts.ts MAX_RECENT'],
  'what a protocol or a file format allows': [
    'api/city/map.ts MAX_ZOOM',
    'broker/connection/outgoing-window.ts MAX_IDENTIFIER',
    'broker/connection/packet-scanner.ts MAX_LENGTH_BYTES',
    'broker/credentials/secret.ts MAX_MEMORY_BYTES',
    'journal/sqlite/file/reading-codec.ts MAX_WORDS',
    'journal/sqlite/file/record-layout.ts MAX_COLUMNS',
  ],
  'how times and clocks are judged: docs/devices.md': [
    'ingest/quality.ts AHEAD_OF_RECEIPT_MAX_MS',
    'ingest/quality.ts CLOCK_DRIFT_MAX_MS',
    'ingest/validate.ts BEHIND_MAX_MS',
  ],
  'how the nearest unit is found: exact whatever their values': [
    'dispatch/nearest/resolution.ts MAX_PER_CELL',
    'dispatch/nearest/unit-index.ts MAX_CELLS_PER_UNIT',
    'dispatch/recommendation/recommendation.ts MAX_RADIUS_M',
    'dispatch/roads/edge-list.ts MAX_SPEED_UNITS',
    'dispatch/roads/osm/ferries.ts MAX_FERRY_KMH',
    'dispatch/roads/osm/restrictions.ts MAX_BENDS',
    'dispatch/roads/osm/restrictions.ts MAX_VIA_EDGES',
    // Of one piece of road; the cells that they make are bounded.
    'dispatch/recommendation/coverage-map.ts MAX_SAMPLES_OF_EDGE',
    'dispatch/roads/road-snap.ts MAX_BESIDE',
    'dispatch/roads/road-snap.ts MAX_CELLS',
    'dispatch/roads/road-snap.ts MAX_SNAP_M',
    'fleet/positions/position-filter.ts MAX_SPEED_MPS',
    'fleet/positions/position-filter.ts PARKED_RADIUS_MAX_M',
  ],
  'how often we try outside brokers again': ['sources/outside-broker.ts RETRY_MAX_MS'],
};

/** `file NAME` of every constant in the code that is called like a bound. */
function boundsOfTheCode(): string[] {
  return ROOMS.flatMap((room) => globSync(`${room}/**/*.ts`, { cwd: ROOT })).flatMap((file) =>
    [...read(file).matchAll(BOUND)].map((match) => `${file} ${match[1]}`),
  );
}

/** `file NAME` of all that the rows import from the rooms. */
function boundsOfTheTable(): string[] {
  return globSync('opening/bounds/*.ts', { cwd: ROOT }).flatMap((file) =>
    [...read(file).matchAll(/^import \{([^}]+)\} from '(\.[^']+)'/gm)].flatMap(([, names, from]) => {
      const target = normalize(join(dirname(file), from as string));
      return (names as string)
        .split(',')
        .map((name) => name.trim().split(' as ')[0])
        .filter((name) => name)
        .map((name) => `${target} ${name}`);
    }),
  );
}

test('docs/bounds.md says what the code says; npm run docs writes it again', () => {
  expect(read('docs/bounds.md')).toBe(describeBounds());
});

test('every constant that is called like a bound is in the table, or bounds no client and a reason says why', () => {
  const known = new Set([...boundsOfTheTable(), ...Object.values(NO_BOUND_OF_A_CLIENT).flat()]);
  const found = boundsOfTheCode();
  expect(found.length).toBeGreaterThan(100);
  expect(found.filter((each) => !known.has(each))).toEqual([]);
});

test('what is said to bound no client is in the code, and not in the table as well', () => {
  const [code, table] = [new Set(boundsOfTheCode()), new Set(boundsOfTheTable())];
  const listed = Object.values(NO_BOUND_OF_A_CLIENT).flat();
  expect(listed.filter((each) => !code.has(each) || table.has(each))).toEqual([]);
});

test('every variable that is called like a bound is in the table', () => {
  const variables = [
    ...read('config/environment.ts').matchAll(/^ {2}(\w*(?:_MAX(?:_|\b)|_PER_|_KEPT_)\w*): /gm),
  ].map((match) => match[1] as string);
  expect(variables.length).toBeGreaterThan(15);
  const document = describeBounds();
  // How far ahead a clock may be is judged, and nothing is refused: docs/devices.md.
  const missing = variables.filter(
    (name) => !document.includes(`\`${name}\``) && name !== 'CLOCK_AHEAD_MAX_MS',
  );
  expect(missing).toEqual([]);
});

test('every metric that is named is counted in the code, with that label', () => {
  const sources = globSync(
    '{api,alerts,broker,canary,clock,database,dispatch,fleet,history,influx,ingest,journal,opening,ownership,relay}/**/*.ts',
    {
      cwd: ROOT,
    },
  ).filter((file) => !file.startsWith('opening/bounds/'));
  const code = [...sources, 'open-siaga.ts', 'devices/rejection.ts', 'main.ts'].map(read).join('\n');
  const ofNode = new Registry();
  collectDefaultMetrics({ register: ofNode, prefix: 'siaga_' });
  const named = [...describeBounds().matchAll(/`(siaga_\w+)(?:\{(\w+)="([^"]+)"\})?`/g)];
  expect(named.length).toBeGreaterThan(80);
  const unknown = named.filter(([, name = '', label, value]) => {
    // The journal's are made by a function that puts its prefix before them.
    const short = name.replace('siaga_journal_', '');
    const isThere =
      code.includes(`'${name}'`) ||
      ofNode.getSingleMetric(name) !== undefined ||
      new RegExp(`(?:counter|gauge)\\(\\s*'${short}'`).test(code);
    if (!isThere || label === undefined) return !isThere;
    // A class of status is reckoned from the status.
    return !code.includes(`'${label}'`) || (label !== 'status' && !code.includes(`'${value}'`));
  });
  expect(unknown.map(([text]) => text)).toEqual([]);
});

test('every bound says what happens, where it is seen and what an honest user notices', () => {
  const silent = rows.filter((row) => Object.values(row).some((words) => words.trim() === ''));
  expect(silent).toEqual([]);
  // Where nothing is counted, the words say why not.
  const uncounted = rows.filter(({ seenAt }) => !seenAt.includes('siaga_'));
  expect(uncounted.filter(({ seenAt }) => seenAt === '–')).toEqual([]);
  for (const { bounds } of BOUND_SECTIONS)
    expect(new Set(bounds.map(({ what }) => what)).size).toBe(bounds.length);
});
