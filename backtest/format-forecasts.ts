/** The forecast's worth as a table for people: see forecast-table.ts for what its words mean. */
import { formatTime } from '../tables/times.ts';
import type { ForecastTable, MethodWorth } from './forecast-table.ts';

/** Where no more floods are listed than these, unless all are asked for. */
const FLOODS_LISTED = 12;

export function formatForecasts(table: ForecastTable, timeZone: string, all = false): string {
  const { methods, floods, reliability } = table;
  const count = methods[0]?.floods ?? 0;
  const lines = [
    `forecasts of ${count} floods (by threshold; a claim is true within 3 h, or while it stands):`,
    row(
      '',
      'foretold',
      '>= 60 min',
      'of those with time',
      'median lead',
      'claims true',
      'false',
      'false for a true one',
    ),
    ...methods.map(formatMethod),
    '',
    'chances stated by the own past, at each rising level, and how many came true within 150 min:',
    `  ${reliability
      .filter(({ stated }) => stated > 0)
      .map(formatTenth)
      .join(', ')}`,
  ];
  const listed = all ? floods : floods.slice(-FLOODS_LISTED);
  if (listed.length === 0) return lines.join('\n');
  const which = listed.length < floods.length ? `the last ${listed.length}; all with --floods` : 'all';
  lines.push('', `lead by flood, min (${which}):`);
  lines.push(row('', 'threshold', ...methods.map(({ method }) => method)));
  for (const { levelM, startedAt, leadMin } of listed) {
    lines.push(
      row(
        formatTime(startedAt, timeZone),
        `${levelM} m`,
        ...methods.map(({ method }) => leadMin[method] ?? '-'),
      ),
    );
  }
  return lines.join('\n');
}

function formatMethod(worth: MethodWorth): string {
  const { method, floods, foretold, hourAhead, gaveAnHour, hourAheadOfThose } = worth;
  const { medianLeadMin, trueClaims, falseClaims } = worth;
  return row(
    method,
    `${foretold} (${share(foretold, floods)})`,
    `${hourAhead} (${share(hourAhead, floods)})`,
    `${hourAheadOfThose} of ${gaveAnHour} (${share(hourAheadOfThose, gaveAnHour)})`,
    medianLeadMin === undefined ? '-' : `${medianLeadMin} min`,
    trueClaims,
    falseClaims,
    trueClaims === 0 ? '-' : (falseClaims / trueClaims).toFixed(2),
  );
}

function formatTenth({ fromPct, stated, cameTruePct }: ForecastTable['reliability'][number]): string {
  return `${fromPct}-${fromPct + 10} %: ${cameTruePct} % of ${stated}`;
}

function share(part: number, whole: number): string {
  return whole === 0 ? '-' : `${Math.round((100 * part) / whole)} %`;
}

const WIDTHS = [27, 14, 14, 20, 13, 13, 8, 22];

function row(...cells: (string | number)[]): string {
  return cells
    .map((cell, index) => String(cell)[index === 0 ? 'padEnd' : 'padStart']((WIDTHS[index] ?? 14) - 1))
    .join(' ');
}
