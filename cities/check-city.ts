/**
 * Everything that is wrong with a city's folder, each with its file, its entry, the reason and what to do.
 *
 * Behind `npm run city -- check`. It judges by the functions that load a city, so that what passes here loads.
 * Invariant: a file that cannot be read hides no problem of the others, and no problem is made up because of it.
 */
import { CityError, findForeignId, findShapeProblems, parseCity } from './city.ts';
import { type CityFile, type CityFiles, readCityFolder } from './city-files.ts';
import { findRemedy } from './remedies.ts';

export interface CityProblem {
  readonly file: string;
  /** `devices.gauge-1.lat`; absent where the file as a whole is meant. */
  readonly entry?: string;
  readonly reason: string;
  readonly remedy: string;
}

const FALLBACK = 'README.md of a new city (`npm run city -- new`) explains every field';

export function checkCityFolder(folder: string): CityProblem[] {
  const read = readCityFolder(folder);
  const broken = read.broken.map((sentence) => {
    const { path: file, reason } = splitSentence(sentence);
    return { file, reason, remedy: findRemedy(reason) ?? FALLBACK };
  });
  const id = read.whole['id'];
  const foreign = typeof id === 'string' ? findForeignId(id, folder) : undefined;
  const problems = [...sentencesOf(folder, read), ...(foreign ? [foreign] : [])].map((sentence) =>
    locate(sentence, read),
  );
  return [...broken, ...problems];
}

/** One line of reason and one of remedy. */
export function formatProblem({ file, entry, reason, remedy }: CityProblem): string {
  return `${file}: ${entry ? `${entry}: ` : ''}${reason}\n    → ${remedy}`;
}

/** Where a file is missing, what only it could tell is not asked: what others refer to may well be in it. */
function sentencesOf(folder: string, { whole, broken }: CityFiles): readonly string[] {
  if (broken.length > 0) {
    return findShapeProblems(whole).filter((sentence) => {
      const path = splitSentence(sentence).path;
      return path === 'city' || (path.split('.')[0] as string) in whole;
    });
  }
  try {
    parseCity(folder, whole);
    return [];
  } catch (error) {
    if (error instanceof CityError) return error.problems;
    throw error;
  }
}

function locate(sentence: string, { files }: CityFiles): CityProblem {
  const { path, reason } = splitSentence(sentence);
  const file = fileOf(path, reason, files);
  return { file, entry: path, reason, remedy: findRemedy(reason) ?? FALLBACK };
}

function splitSentence(sentence: string): { path: string; reason: string } {
  const at = sentence.indexOf(': ');
  return { path: sentence.slice(0, at), reason: sentence.slice(at + 2) };
}

/** The file that holds the entry; of an entry that two files hold, as ids that are used twice, the last. */
function fileOf(path: string, reason: string, files: readonly CityFile[]): string {
  const unknownList = path === 'city' ? /"([^"]+)"/.exec(reason)?.[1] : undefined;
  const [list = '', ...rest] = (unknownList ?? path).split('.');
  const ofList = files.filter((each) => each.list === list);
  const entry = rest.join('.');
  const holds = ({ content, firstIndex }: CityFile) =>
    Array.isArray(content) &&
    content.some((each, index) => {
      const names = [String(firstIndex + index), (each as { id?: unknown } | null)?.id];
      return names.some((name) => entry === name || entry.startsWith(`${name}.`));
    });
  return (ofList.findLast(holds) ?? ofList.at(-1))?.file ?? 'city.json';
}
