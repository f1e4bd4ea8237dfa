/**
 * `npm run dashboards`: writes every dashboard as JSON and the list of its questions.
 *
 * What is generated is committed, so that Grafana can be provisioned without Node; a test keeps it equal to
 * its source. Invariant: the same source gives the same bytes.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { allDashboards, type GeneratedFile, renderAll } from './catalogue.ts';

export const GRAFANA_FOLDER = import.meta.dirname;

async function writeAll(files: readonly GeneratedFile[]): Promise<void> {
  const generated = `${GRAFANA_FOLDER}/generated`;
  await mkdir(generated, { recursive: true });
  const wanted = new Set(files.map((file) => file.path));
  for (const name of await readdir(generated)) {
    if (!wanted.has(`generated/${name}`)) await rm(`${generated}/${name}`);
  }
  for (const { path, text } of files) await writeFile(`${GRAFANA_FOLDER}/${path}`, text);
}

if (import.meta.main) {
  const files = renderAll(allDashboards());
  await writeAll(files);
  console.log(files.map((file) => `dashboards/grafana/${file.path}`).join('\n'));
}
