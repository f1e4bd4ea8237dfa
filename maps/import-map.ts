/**
 * A file of OpenStreetMap data → the map of a city, beside its road network.
 *
 * Called by `npm run city -- import map`. Invariants: an answer that says that it was cut is not taken unless told so;
 * a map without a road or a water in it is refused, for then the file is of another kind or of another place.
 */
import { readFileSync } from 'node:fs';
import { ImportReport } from '../openstreetmap/import-report.ts';
import { OsmError } from '../openstreetmap/osm-content.ts';
import { readGeoJson } from '../openstreetmap/read-geojson.ts';
import { readOverpass } from '../openstreetmap/read-overpass.ts';
import { drawMap } from './draw-map.ts';
import type { Frame } from './map-features.ts';
import { writeMapFile } from './map-file.ts';

export interface MapImport {
  readonly file: string;
  readonly out: string;
  /** Of the city; a little beyond it is drawn too. */
  readonly bounds: Frame;
  /** As the licence asks that it be shown. */
  readonly source: string;
  readonly importedAt: string;
  readonly takesIncomplete: boolean;
}

/** Around the city, degrees: some 5 km, so that a road does not end at the border. */
const AROUND_DEGREES = 0.05;

/** Returns what is to be said of it. Throws OsmError and MapFileError with a sentence. */
export function importMap(wanted: MapImport): string[] {
  const { file, out, bounds, source, importedAt, takesIncomplete } = wanted;
  const content = parseJson(readFileSync(file, 'utf8'));
  const report = new ImportReport();
  const isGeoJson = (content as { type?: unknown } | null)?.type === 'FeatureCollection';
  // What the reader itself notes is of roads and their crossings; the road network's own import says it.
  const osm = (isGeoJson ? readGeoJson : readOverpass)(content, new ImportReport());
  if (osm.incomplete !== undefined && !takesIncomplete) {
    throw new OsmError(`the answer is cut and was not imported (--incomplete takes it): ${osm.incomplete}`);
  }
  const frame = {
    ...{ south: bounds.south - AROUND_DEGREES, north: bounds.north + AROUND_DEGREES },
    ...{ west: bounds.west - AROUND_DEGREES, east: bounds.east + AROUND_DEGREES },
  };
  const drawn = drawMap(osm, frame, report);
  if (drawn.main.length === 0 && drawn.cells.size === 0) {
    throw new OsmError('nothing in it can be drawn within the bounds of the city (city.json)');
  }
  const lines = report.lines();
  const bytes = writeMapFile(out, drawn, { source, importedAt, report: lines });
  const counts = `${drawn.main.length} main features, ${drawn.cells.size} squares of small roads`;
  return [
    ...lines,
    `${out}: ${counts}, ${(bytes / 1024).toFixed(0)} KiB; the server reads it at its next start`,
  ];
}

/** Overpass answers with a page in HTML when it has no time. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OsmError('not JSON, or cut in the middle', { cause: error });
  }
}
