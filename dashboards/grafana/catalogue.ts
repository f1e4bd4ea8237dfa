/**
 * The register of dashboards, and what is generated from them: one JSON file each, and README.md with one line
 * a panel.
 *
 * Each serves every city by a variable, and knows of a city only what is in InfluxDB. Invariant: uids are unique, and
 * panels have ids in the order in which they stand.
 */
import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { buildAmbulances } from './ambulances.ts';
import { buildEveryKind } from './every-kind.ts';
import { buildPublicWifi } from './public-wifi.ts';
import { buildRivers } from './rivers.ts';
import { buildSiagaItself } from './siaga-itself.ts';

export interface GeneratedFile {
  /** Below dashboards/grafana. */
  readonly path: string;
  readonly text: string;
}

export function allDashboards(): readonly Dashboard[] {
  const builders = [
    buildRivers(),
    buildPublicWifi(),
    buildAmbulances(),
    buildEveryKind(),
    buildSiagaItself(),
  ];
  return builders.map((builder) => numbered(builder.build()));
}

export function renderAll(dashboards: readonly Dashboard[]): readonly GeneratedFile[] {
  return [
    ...dashboards.map((dashboard) => ({
      path: `generated/${dashboard.uid}.json`,
      text: `${JSON.stringify(dashboard, null, 2)}\n`,
    })),
    { path: 'README.md', text: renderReadme(dashboards) },
  ];
}

/** The panels that ask something, those of folded rows too. */
export function panelsOf(dashboard: Dashboard): readonly Panel[] {
  return (dashboard.panels ?? []).flatMap((each) => (isRow(each) ? each.panels : [each]));
}

/** What is asked when a dashboard is opened: its variables, its marks, and the panels outside folded rows. */
export function countFirstQueries({ panels = [], templating, annotations }: Dashboard): number {
  const variables = (templating?.list ?? []).filter(({ type }) => type === 'query');
  const targets = panels.flatMap((each) => (isRow(each) ? [] : (each.targets ?? [])));
  return variables.length + (annotations?.list?.length ?? 0) + targets.length;
}

export function isRow(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === 'row';
}

function numbered(dashboard: Dashboard): Dashboard {
  const panels = (dashboard.panels ?? []).flatMap((each) => (isRow(each) ? [each, ...each.panels] : [each]));
  for (const [index, panel] of panels.entries()) panel.id = index + 1;
  return dashboard;
}

const PREAMBLE = `# Dashboards

Written in TypeScript with Grafana's Foundation SDK; \`npm run dashboards\` generates the JSON in \`generated/\`
and this file. Grafana loads them through \`provisioning/\`. Every query is run against a real InfluxDB in the
tests (\`test/e2e/dashboards.test.ts\`).

**Grafana's alert rules are not used.** Siaga's own engine judges the time of the event, keeps its state over a
restart, has hysteresis and treats silence as a state of its own; rules in Grafana would judge what InfluxDB
holds at the moment of asking, late data and outages included, and there would be two truths about one flood.
Alerts stand in these dashboards as marks, from the measurement \`siaga_alert\`.

Each panel, and the question that it answers:
`;

function renderReadme(dashboards: readonly Dashboard[]): string {
  const sections = dashboards.map((dashboard) => {
    const rows = panelsOf(dashboard).map((panel) => `| ${panel.title} | ${panel.description} |`);
    return `## ${dashboard.title}\n\n\`${dashboard.uid}\`: ${dashboard.description}\n\n| panel | question |\n|---|---|\n${rows.join('\n')}\n`;
  });
  return `${PREAMBLE}\n${sections.join('\n')}`;
}
