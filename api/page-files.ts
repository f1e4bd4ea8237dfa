/**
 * The files of the situation room's page as a browser takes them: types stripped, compressed, versioned.
 *
 * Read once at start from dashboards/situation-room; pages.ts serves them from memory. Invariant: the version
 * is a hash of every file, so that a path with a version in it never changes what it means.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

/** What is served, by the end of its name; everything else in the folder stays here. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ts: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8',
};

export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
}

export interface PageFiles {
  readonly version: string;
  readonly index: PageFile;
  /** By path below the folder: `main.ts`, `state/levels.ts`. */
  readonly files: ReadonlyMap<string, PageFile>;
}

/** Throws where a file cannot be read or its types cannot be stripped. */
export async function readPageFiles(folder: string): Promise<PageFiles> {
  const names = (await readdir(folder, { recursive: true }))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => Object.hasOwn(CONTENT_TYPES, extensionOf(name)))
    .sort();
  const texts = new Map<string, string>();
  for (const name of names) texts.set(name, await readFile(`${folder}/${name}`, 'utf8'));
  const modules = [...texts].filter(([name]) => name.endsWith('.ts'));
  for (const [name, stripped] of await stripTypes(modules)) texts.set(name, stripped);
  const hash = createHash('sha256');
  for (const [name, text] of texts) hash.update(`${name}\0${text}\0`);
  const version = hash.digest('hex').slice(0, 16);

  const html = texts.get('index.html');
  if (html === undefined) throw new Error(`${folder}/index.html is missing`);
  texts.delete('index.html');
  const files = new Map<string, PageFile>();
  for (const [name, text] of texts) files.set(name, await pack(name, text));
  const index = await pack('index.html', fillIn(html, version, [...texts.keys()]));
  return { version, index, files };
}

/** The version into each path, and every module named at once, so that none waits for another to be read. */
function fillIn(html: string, version: string, names: readonly string[]): string {
  const preloads = names
    .filter((name) => name.endsWith('.ts') && name !== 'main.ts')
    .map((name) => `<link rel="modulepreload" href="room/${version}/${name}">`);
  return html.replace('<!-- modules -->', preloads.join('\n  ')).replaceAll('{{version}}', version);
}

async function pack(name: string, text: string): Promise<PageFile> {
  const body = Buffer.from(text);
  const contentType = CONTENT_TYPES[extensionOf(name)] as string;
  return { contentType, body, gzipped: await compress(body, { level: 9 }) };
}

async function stripTypes(sources: readonly (readonly [string, string])[]): Promise<[string, string][]> {
  const worker = new Worker(new URL('./page-worker.ts', import.meta.url), {
    workerData: sources,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const [stripped] = (await once(worker, 'message')) as [[string, string][]];
  return stripped;
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
