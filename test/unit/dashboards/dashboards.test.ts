import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCity } from '../../../cities/city.ts';
import { GRAFANA_FOLDER } from '../../../dashboards/grafana/build.ts';
import {
  allDashboards,
  countFirstQueries,
  isRow,
  panelsOf,
  renderAll,
} from '../../../dashboards/grafana/catalogue.ts';
import { MAX_FIRST_QUERIES } from '../../../dashboards/grafana/frame.ts';
import { DATA_SOURCE } from '../../../dashboards/grafana/influx-query.ts';
import { RESPONSE_TARGET_S } from '../../../dashboards/grafana/response-times.ts';
import { deviceKinds } from '../../../devices/kinds/index.ts';
import { RESPONSE_TARGET_S as FIGURES_TARGET_S } from '../../../dispatch/incidents/figures.ts';
import { RESPONSE_TARGET_S as EVENT_TARGET_S } from '../../../influx/event-lines.ts';

const ROOT = `${import.meta.dirname}/../../..`;
const dashboards = allDashboards();

/** Every TypeScript source outside the dashboards and the tests, as one text. */
function sourceText(): string {
  const folders = [
    'alerts',
    'api',
    'broker',
    'clock',
    'dispatch',
    'fleet',
    'opening',
    'history',
    'influx',
    'ingest',
    'journal',
  ];
  const files = folders.flatMap((folder) =>
    readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${ROOT}/${folder}/${name}`),
  );
  const tops = readdirSync(ROOT).filter((name) => name.endsWith('.ts'));
  return [...files, ...tops.map((name) => `${ROOT}/${name}`)]
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

describe('what is generated', () => {
  it('is what the source gives, so that `npm run dashboards` leaves the tree unchanged', () => {
    const files = renderAll(dashboards);
    for (const { path, text } of files) {
      expect(readFileSync(`${GRAFANA_FOLDER}/${path}`, 'utf8'), path).toBe(text);
    }
    expect(
      readdirSync(`${GRAFANA_FOLDER}/generated`)
        .map((name) => `generated/${name}`)
        .sort(),
    ).toEqual(
      files
        .map((file) => file.path)
        .filter((path) => path.startsWith('generated/'))
        .sort(),
    );
  });
});

describe('uids and links', () => {
  it('are unique and short enough for Grafana (40 characters)', () => {
    const uids = dashboards.map((dashboard) => String(dashboard.uid));
    expect(new Set(uids).size).toBe(uids.length);
    for (const uid of uids) expect(uid).toMatch(/^[a-z0-9-]{1,40}$/);
  });

  it('resolve: each dashboard links to those of a tag that all of them carry', () => {
    for (const dashboard of dashboards) {
      expect(dashboard.links?.length, dashboard.title).toBeGreaterThan(0);
      for (const link of dashboard.links ?? []) {
        expect(link.includeVars).toBe(true);
        for (const tag of link.tags) {
          expect(
            dashboards.every((other) => other.tags?.includes(tag)),
            `tag ${tag}`,
          ).toBe(true);
        }
      }
    }
  });

  it('name the one data source that is provisioned, and the dashboards of the folder that is mounted', () => {
    const provisioned = parse(
      readFileSync(`${GRAFANA_FOLDER}/provisioning/datasources/influxdb.yaml`, 'utf8'),
    ) as { datasources: { uid: string; type: string; jsonData: Record<string, string> }[] };
    expect(provisioned.datasources.map(({ uid, type }) => ({ uid, type }))).toEqual([DATA_SOURCE]);
    expect(provisioned.datasources[0]?.jsonData['version']).toBe('InfluxQL');
    for (const panel of dashboards.flatMap(panelsOf)) {
      expect(panel.datasource).toEqual(DATA_SOURCE);
      for (const target of panel.targets ?? [])
        expect(target).toMatchObject({ datasource: DATA_SOURCE, rawQuery: true });
    }
    const { providers } = parse(
      readFileSync(`${GRAFANA_FOLDER}/provisioning/dashboards/siaga.yaml`, 'utf8'),
    ) as { providers: { options: { path: string } }[] };
    const mounts = readFileSync(`${ROOT}/docker-compose.yml`, 'utf8');
    expect(mounts).toContain(`./dashboards/grafana/generated:${providers[0]?.options.path}:ro`);
  });
});

describe('each dashboard', () => {
  it.each(dashboards.map((dashboard) => [String(dashboard.uid), dashboard] as const))(
    '%s asks no more than a small InfluxDB answers at once; the rest stands in folded rows',
    (_uid, dashboard) => {
      expect(countFirstQueries(dashboard)).toBeGreaterThan(4);
      expect(countFirstQueries(dashboard)).toBeLessThanOrEqual(MAX_FIRST_QUERIES);
      const rows = (dashboard.panels ?? []).filter(isRow);
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(row.collapsed, `${dashboard.title} · ${row.title}`).toBe(true);
    },
  );

  it('knows no city, no river and no gauge: they come from InfluxDB', () => {
    const known = readdirSync(`${ROOT}/cities`, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => loadCity(entry.name))
      .flatMap(({ id, devices, rivers }) => [
        id,
        ...devices.map((each) => each.id),
        ...rivers.map((each) => each.id),
      ]);
    expect(known.length).toBeGreaterThan(100);
    const text = JSON.stringify(dashboards);
    expect(known.filter((id) => text.includes(`"${id}"`) || text.includes(`'${id}'`))).toEqual([]);
  });

  it('has a row for every kind that a city has, with a panel for each quantity that the kind shows', () => {
    const every = dashboards.find((dashboard) => dashboard.uid === 'siaga-every-kind');
    const rows = (every?.panels ?? []).filter(isRow);
    const kinds = [...deviceKinds.values()].filter(({ isOwn }) => !isOwn);
    expect(rows).toHaveLength(kinds.length);
    for (const { label, measurement, shows = [] } of kinds) {
      const row = rows.find(({ title }) => title === `${label.en} (${label.id})`);
      const queries = JSON.stringify(row?.panels.map(({ targets }) => targets));
      for (const name of shows)
        expect(queries).toMatch(new RegExp(`"${name}..\\)[^;]{0,20} FROM ..${measurement}`));
    }
  });

  it('shows the least of what may run out, and what a counter grew by', () => {
    const queries = dashboards
      .flatMap(panelsOf)
      .flatMap(({ targets = [] }) => targets.map((each) => JSON.stringify(each)));
    const asks = (what: string) => queries.some((query) => query.includes(what));
    expect(asks('min(\\"seatsFree\\")')).toBe(true);
    expect(asks('non_negative_difference(\\"amountTotalIdr\\")')).toBe(true);
    expect(asks('max(\\"levelM\\")')).toBe(true);
    expect(asks('mean(\\"levelM\\")')).toBe(false);
  });

  it('colours the map of the rivers by where a gauge stands on its own ladder', () => {
    const map = dashboards.flatMap(panelsOf).find(({ type, title }) => type === 'geomap' && title === 'Map');
    expect(JSON.stringify(map?.options)).toContain('"field":"ladderRank"');
    expect(map?.fieldConfig?.defaults.thresholds?.steps).toEqual([
      { value: null, color: 'green' },
      { value: 1, color: 'yellow' },
      { value: 2, color: 'orange' },
      { value: 3, color: 'red' },
      { value: 4, color: 'purple' },
    ]);
  });
});

describe('the target of the response time', () => {
  it('is the same in the dashboard, in the events and in the figures of dispatch', () => {
    expect([EVENT_TARGET_S, FIGURES_TARGET_S]).toEqual([RESPONSE_TARGET_S, RESPONSE_TARGET_S]);
  });
});

describe('each panel', () => {
  const panels = dashboards.flatMap((dashboard) =>
    panelsOf(dashboard).map((panel) => [dashboard, panel] as const),
  );

  it.each(panels.map(([dashboard, panel]) => [`${dashboard.uid} · ${panel.title}`, panel] as const))(
    '%s has a question, a text for no data, a query',
    (_name, panel) => {
      expect(panel.description).toContain('?');
      expect(panel.fieldConfig?.defaults.noValue).toBeTruthy();
      expect(panel.targets?.length).toBeGreaterThan(0);
    },
  );

  it('has a unit, or one for each of its columns', () => {
    const without = panels
      .filter(([, panel]) => !['state-timeline', 'table'].includes(panel.type))
      .filter(
        ([, panel]) => !panel.fieldConfig?.defaults.unit && !panel.fieldConfig?.defaults.mappings?.length,
      );
    expect(without.map(([, panel]) => panel.title)).toEqual([]);
  });

  it('has an id of its own and overlaps no other', () => {
    for (const dashboard of dashboards) {
      const all = (dashboard.panels ?? []).flatMap((each) => (isRow(each) ? [each, ...each.panels] : [each]));
      expect(new Set(all.map((panel) => panel.id)).size).toBe(all.length);
      const taken = new Set<string>();
      for (const { gridPos, title } of all) {
        if (!gridPos) throw new Error(`${title} has no place`);
        expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(taken.has(`${x},${y}`), `${dashboard.title} · ${title} at ${x},${y}`).toBe(false);
            taken.add(`${x},${y}`);
          }
        }
      }
    }
  });

  it('of Siaga itself shows a metric that the code has', () => {
    const source = sourceText();
    const itself = dashboards.find((dashboard) => dashboard.uid === 'siaga-itself');
    const named = [...JSON.stringify(itself).matchAll(/\\"metric\\" = '(\w+)'/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(5);
    // prom-client's own, collected under Siaga's prefix.
    const ofTheRuntime = /^siaga_(nodejs|process)_/;
    expect(source).toContain("prefix: 'siaga_'");
    const unknown = named.filter((name) => name && !ofTheRuntime.test(name) && !source.includes(`'${name}'`));
    expect(unknown).toEqual([]);
  });
});
