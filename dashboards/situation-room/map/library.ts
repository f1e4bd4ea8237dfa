/**
 * MapLibre GL, loaded from this server when a map is wanted: after the page's first paint, and never where it cannot
 * draw.
 *
 * The page's markup names its address. Invariant: of all texts that would become a script only the library's own worker
 * is let through, at the address beside the library's.
 */
import type * as MapLibre from 'maplibre-gl';

export type MapLibrary = typeof MapLibre;

interface Factory {
  createPolicy(name: string, rules: { createScriptURL(text: string): string }): unknown;
}

const WORKER = 'maplibre-gl-worker.mjs';
let loading: Promise<MapLibrary> | undefined;

/** Rejects where it does not come; the next call tries again. */
export function loadMapLibrary(): Promise<MapLibrary> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<MapLibrary> {
  const named = document.querySelector<HTMLMetaElement>('meta[name=map-library]')?.content;
  if (!named) throw new Error('the page names no map library');
  const address = new URL(named, document.baseURI);
  letWorkerStart(new URL(WORKER, address).href);
  return import(address.href);
}

let isAllowed = false;
/** The library starts its worker by a text; a browser that knows trusted types asks the default policy. */
function letWorkerStart(worker: string): void {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  if (!factory || isAllowed) return;
  isAllowed = true;
  factory.createPolicy('default', {
    createScriptURL(text) {
      const url = new URL(text, document.baseURI);
      if (`${url.origin}${url.pathname}` !== worker) throw new TypeError(`no script of this page: ${text}`);
      return text;
    },
  });
}

/** Whether this browser draws: some have it switched off, or a graphics card that is on the list of bad ones. */
export function canDrawMaps(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null;
}
