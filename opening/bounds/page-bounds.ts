/** Bounds of the public's pages. */
import { STORY_KEPT_MS } from '../../api/live/story.ts';
import { MAX_CALLS, MAX_GAUGES, MAX_OUTAGES } from '../../api/live/story-rows.ts';
import {
  LATE_KEPT_MS,
  LATE_RENDER_EVERY_MS,
  LATE_YOUNG_MS,
  MAX_KEPT,
} from '../../api/pages/page-documents.ts';
import { DAYS_KEPT_MS, MAX_KEPT_LEVELS, YEAR_KEPT_MS } from '../../pages/level-history.ts';
import { MAX_QUERY_CHARACTERS } from '../../pages/place-search.ts';
import { MAX_LISTED_GAUGES, PICTURE_MS, TRENDS_MS } from '../../pages/public-city.ts';
import { MAX_PLACES } from '../../pages/wifi-page.ts';
import { type Bound, type BoundSection, count, duration, metric, refusedCalls } from './bound.ts';

const bounds: readonly Bound[] = [
  {
    what: 'one picture of the city for all readers',
    value: duration(PICTURE_MS),
    whenMet: 'looked at anew',
    seenAt: 'the time on the page',
    honest: 'nothing',
  },
  {
    what: 'documents of one picture, rendered and compressed once',
    value: count(MAX_KEPT),
    whenMet: 'the oldest is rendered again',
    seenAt: metric('siaga_http_request_duration_seconds'),
    honest: 'nothing',
  },
  {
    what: 'while the event loop is late: one page made anew in; a kept one is young for, and good for',
    value: `${duration(LATE_RENDER_EVERY_MS)}; ${duration(LATE_YOUNG_MS)}, ${duration(LATE_KEPT_MS)}`,
    whenMet: 'the kept page; 503 where there is none',
    seenAt: `${metric('siaga_http_kept_answers_total')}, ${refusedCalls('pressure')}`,
    honest: 'sees the page of some seconds ago, with its time',
  },
  {
    what: 'the last six hours of all gauges: read once in; gauges, calls and outages in it',
    value: `${duration(STORY_KEPT_MS)}; ${MAX_GAUGES}, ${count(MAX_CALLS)}, ${MAX_OUTAGES}`,
    whenMet: 'the same answer for all; gauges beyond are counted in it',
    seenAt: metric('siaga_http_request_duration_seconds'),
    honest: 'nothing: what is live shows at once',
  },
  {
    what: 'gauges that are listed and have an arrow, the most urgent; arrows are reckoned once in',
    value: `${MAX_LISTED_GAUGES}; ${duration(TRENDS_MS)}`,
    whenMet: 'others are counted on the page',
    seenAt: 'the page',
    honest: 'finds a gauge by the search',
  },
  {
    what: 'five days and a year of a gauge: each read once in; gauges kept',
    value: `${duration(DAYS_KEPT_MS)}, ${duration(YEAR_KEPT_MS)}; ${MAX_KEPT_LEVELS}`,
    whenMet: 'the one read longest ago is read again',
    seenAt: metric('siaga_http_request_duration_seconds'),
    honest: 'nothing',
  },
  {
    what: 'places with Wi-Fi on the page; a search',
    value: `${MAX_PLACES}; ${MAX_QUERY_CHARACTERS} characters`,
    whenMet: 'counted on the page; cut',
    seenAt: 'the page',
    honest: 'searches by place',
  },
];

export const PAGE_BOUNDS: BoundSection = {
  title: 'The public’s pages',
  intro: 'Their calls are bounded as those of the API.',
  bounds,
};
