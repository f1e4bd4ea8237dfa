/** `/metrics` of the whole server, as `promtool check metrics` would read it after some calls. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lintMetrics } from '../support/metric-lint.ts';
import { parseMetrics } from '../support/metric-samples.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

let folder: DataFolder;
let server: RunningSiaga;
let text: string;

const CALLS = [
  '/v1/devices',
  '/v1/devices/kreo-cepoko',
  '/v1/devices/nothing',
  '/v1/devices/kreo-cepoko/readings',
  '/v1/devices/kreo-cepoko/readings?limit=x',
  '/v1/city',
  '/v1/alerts',
  '/v1/cap',
  '/v1/incidents',
  '/v1/incidents/1',
  '/v1/hospitals',
  '/v1/ambulances/nearest?lat=-6.99&lng=110.42',
  '/v1/figures/coverage',
  '/v1/figures/response',
  '/v1/tokens',
  '/v1/rejections',
  '/v1/silences',
  '/openapi.json',
  '/nothing',
];

beforeAll(async () => {
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path });
  for (const path of CALLS) await (await fetch(server.httpUrl + path)).arrayBuffer();
  text = await (await fetch(`${server.httpUrl}/metrics`)).text();
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

test('each metric has its help, its unit and its kind in the words of Prometheus', () => {
  expect(lintMetrics(text)).toEqual([]);
  expect(parseMetrics(text).length).toBeGreaterThan(200);
});

test('histograms are less than half of the samples', () => {
  const histograms = new Set([...text.matchAll(/^# TYPE (\S+) histogram$/gm)].map((match) => match[1]));
  const samples = parseMetrics(text);
  const ofHistograms = samples.filter(({ name }) =>
    histograms.has(name.replace(/_(?:bucket|sum|count)$/, '')),
  );
  expect(ofHistograms.length).toBeLessThan(samples.length / 2);
});
