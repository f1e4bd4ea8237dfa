/**
 * The files of the pages as a browser takes them: types stripped, compressed, versioned.
 *
 * Read once at start from dashboards/situation-room and pages/browser; pages.ts and public-pages.ts serve them from
 * memory. Invariant: the version is a hash of every file, so that a path with a version in it never changes what it
 * means.
 */
import { execFile as execFileWithCallback } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { type PackedFile, packFile } from './packed-file.ts';

const execFile = promisify(execFileWithCallback);

/** It takes a fifth of a second; a machine that starts everything after a power cut is given time. */
const STRIP_WITHIN_MS = 30_000;
/** The page has some 200 KB of modules. */
const MAX_STRIPPED_BYTES = 16 * 1024 * 1024;

/** What is served, by the end of its name; everything else in the folder stays here. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ts: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8',
};

export interface PageFiles {
  readonly version: string;
  /** By name: `index.html`, `desk.html`. */
  readonly pages: ReadonlyMap<string, PackedFile>;
  /** By path below the folder: `main.ts`, `state/levels.ts`. */
  readonly files: ReadonlyMap<string, PackedFile>;
}

/** What several pages have in common, put where a page says `<!-- share: name -->`. */
const SHARES = 'shares/';

/** What stands in a page's markup as `{{name}}`, besides the version. */
type Fillings = Readonly<Record<string, string>>;

/** Pages with their markup. Throws where a file cannot be read or its types cannot be stripped. */
export async function readPageFiles(folder: string, fillings: Fillings = {}): Promise<PageFiles> {
  const { version, texts } = await readTexts(folder, fillings);
  const pages = new Map<string, PackedFile>();
  const names = [...texts.keys()].filter((name) => name.endsWith('.html'));
  for (const name of names) {
    if (name.startsWith(SHARES)) continue;
    const html = putShares(texts.get(name) as string, texts);
    pages.set(name, await pack(name, fillIn(html, { ...fillings, version }, texts)));
  }
  for (const name of names) texts.delete(name);
  if (!pages.has('index.html')) throw new Error(`${folder}/index.html is missing`);
  return { version, pages, files: await packAll(texts) };
}

/** The files of pages that the server writes itself. */
export async function readFilesOfPages(folder: string): Promise<Omit<PageFiles, 'pages'>> {
  const { version, texts } = await readTexts(folder);
  return { version, files: await packAll(texts) };
}

/** Throws where a page names a share that is not there. */
function putShares(html: string, texts: ReadonlyMap<string, string>): string {
  return html.replaceAll(/ *<!-- share: ([\w-]+) -->\n/g, (_, name: string) => {
    const share = texts.get(`${SHARES}${name}.html`);
    if (share === undefined) throw new Error(`there is no ${SHARES}${name}.html`);
    return share;
  });
}

async function readTexts(
  folder: string,
  fillings: Fillings = {},
): Promise<{ version: string; texts: Map<string, string> }> {
  const names = (await readdir(folder, { recursive: true }))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => Object.hasOwn(CONTENT_TYPES, extensionOf(name)))
    .sort();
  const modules = names.filter((name) => name.endsWith('.ts'));
  const stripped = new Map(await stripTypes(folder, modules));
  const texts = new Map<string, string>();
  for (const name of names) {
    const text = stripped.get(name) ?? (await readFile(`${folder}/${name}`, 'utf8'));
    // No sheet has a text with such a sign in it, which a test keeps.
    texts.set(name, name.endsWith('.css') ? text.replace(/\/\*[\s\S]*?\*\//g, '') : text);
  }
  const hash = createHash('sha256').update(JSON.stringify(fillings));
  for (const [name, text] of texts) hash.update(`${name}\0${text}\0`);
  return { version: hash.digest('hex').slice(0, 16), texts };
}

async function packAll(texts: ReadonlyMap<string, string>): Promise<Map<string, PackedFile>> {
  const files = new Map<string, PackedFile>();
  for (const [name, text] of texts) files.set(name, await pack(name, text));
  return files;
}

/**
 * The version into each path, the other fillings, and every module that the page runs named at once, so that none
 * waits for another to be read.
 */
function fillIn(
  html: string,
  fillings: Fillings & { readonly version: string },
  texts: ReadonlyMap<string, string>,
): string {
  const entry = /<script type="module" src="room\/\{\{version\}\}\/([^"]+)">/.exec(html)?.[1];
  const modules = entry === undefined ? [] : listImported(entry, texts).sort();
  const preloads = modules.map(
    (name) => `<link rel="modulepreload" href="room/${fillings.version}/${name}">`,
  );
  return html
    .replace('<!-- modules -->', preloads.join('\n  '))
    .replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => fillings[name] ?? '');
}

/** What the module imports, and what those import in turn; by path below the folder. */
function listImported(entry: string, texts: ReadonlyMap<string, string>): string[] {
  const found = new Set([entry]);
  for (const name of found) {
    for (const [, path] of (texts.get(name) ?? '').matchAll(/^(?:import|export|\}).*? from '(\.[^']+)';/gm)) {
      found.add(posix.join(posix.dirname(name), path as string));
    }
  }
  found.delete(entry);
  return [...found];
}

function pack(name: string, text: string): Promise<PackedFile> {
  return packFile(CONTENT_TYPES[extensionOf(name)] as string, Buffer.from(text));
}

/** In a process of its own; strip-page-types.ts says why. */
async function stripTypes(folder: string, names: readonly string[]): Promise<[string, string][]> {
  const program = [`${import.meta.dirname}/strip-page-types.ts`, folder, ...names];
  const { stdout } = await execFile(process.execPath, ['--disable-warning=ExperimentalWarning', ...program], {
    timeout: STRIP_WITHIN_MS,
    maxBuffer: MAX_STRIPPED_BYTES,
  });
  return JSON.parse(stdout) as [string, string][];
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
