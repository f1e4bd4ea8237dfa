/**
 * "Near me": sorts the lists of the page by the distance from where the phone is.
 *
 * Invariant: the position is used in this file and nowhere else; nothing is fetched with it and nothing keeps it.
 */
const EARTH_RADIUS_M = 6_371_008.8;
const RADIANS = Math.PI / 180;

let here: GeolocationCoordinates | undefined;

export function offerNearMe(): void {
  const offer = document.getElementById('near');
  const button = document.getElementById('near-me');
  if (!offer || !button || !navigator.geolocation) return;
  offer.hidden = false;
  button.addEventListener('click', () => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        here = coords;
        sortNearMe();
      },
      () => {
        const note = document.getElementById('near-note');
        if (note) note.textContent = note.dataset['failed'] ?? '';
      },
      { maximumAge: 60_000, timeout: 20_000 },
    );
  });
}

/** Again after each renewal; nothing before a position is known. */
export function sortNearMe(): void {
  if (!here) return;
  for (const list of document.querySelectorAll('[data-near]')) {
    const items = [...list.children] as HTMLElement[];
    const far = new Map(items.map((item) => [item, distanceTo(item)]));
    items.sort((a, b) => (far.get(a) ?? 0) - (far.get(b) ?? 0));
    for (const item of items) {
      const shown = item.querySelector('.far');
      if (shown) shown.textContent = format(far.get(item) ?? Number.POSITIVE_INFINITY);
    }
    list.append(...items);
  }
}

/** Haversine, m. What has no position comes last. */
function distanceTo({ dataset }: HTMLElement): number {
  if (!here || dataset['lat'] === undefined) return Number.POSITIVE_INFINITY;
  const [lat, lng] = [Number(dataset['lat']), Number(dataset['lng'])];
  const h =
    Math.sin(((lat - here.latitude) * RADIANS) / 2) ** 2 +
    Math.cos(lat * RADIANS) *
      Math.cos(here.latitude * RADIANS) *
      Math.sin(((lng - here.longitude) * RADIANS) / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(h));
}

function format(metres: number): string {
  if (!Number.isFinite(metres)) return '';
  const isNear = metres < 1_000;
  return new Intl.NumberFormat(document.documentElement.lang, {
    ...{ style: 'unit', unit: isNear ? 'meter' : 'kilometer', maximumFractionDigits: isNear ? 0 : 1 },
  }).format(isNear ? Math.round(metres / 10) * 10 : metres / 1_000);
}
