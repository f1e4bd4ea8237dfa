/**
 * The page of free Wi-Fi: places that work, how busy they are, how far, and the way there on foot.
 *
 * Invariants: a place is shown as working by what its access points said of late; the link of the way names the place
 * and never where the visitor is.
 */

import { distanceM } from '../cities/great-circle.ts';
import type { Page, Setting } from './frame.ts';
import { formatSearch, type Search } from './home-page.ts';
import { html, type Markup } from './html.ts';
import type { Place } from './place-search.ts';
import type { CityNow } from './public-city.ts';
import { loadOf, type WifiPlace } from './wifi-places.ts';

/** A page holds no more; the nearest or those that work come first. */
export const MAX_PLACES = 500;
export function renderWifi({ wifi }: CityNow, search: Search | undefined, setting: Setting): Page {
  const { speech, cityName } = setting;
  const { say } = speech;
  const near = search?.found[0];
  const sorted = near ? wifi.toSorted((a, b) => distanceM(near, a) - distanceM(near, b)) : wifi;
  return {
    title: say('wifiTitle', { city: cityName }),
    description: say('wifiDescription', { city: cityName }),
    main: html`<h1>${say('wifiTitle', { city: cityName })}</h1>
${formatSearch(search, setting, say('searchPlace'))}
${
  wifi.length === 0
    ? html`<p>${say('noWifi')}</p>`
    : html`<ul id="wifi" class="list" data-live data-near>${sorted.slice(0, MAX_PLACES).map((place) => formatPlace(place, near, setting))}</ul>`
}
${wifi.length > MAX_PLACES && html`<p class="small">${speech.count('notListed', wifi.length - MAX_PLACES)}</p>`}`,
  };
}

function formatPlace(place: WifiPlace, near: Place | undefined, { speech }: Setting): Markup {
  const { name, lat, lng, points, working, clients } = place;
  const load = loadOf(place);
  return html`<li data-lat="${lat}" data-lng="${lng}"><b>${name}</b>
<span class="facts"><span class="mark load-${load}">${speech.say(load)}</span> <span class="far">${near && speech.distance(near, place)}</span></span>
<span class="small">${speech.count('working', points, { working: String(working) })}${working > 0 && html` · ${speech.count('users', clients)}`}</span>
${load !== 'down' && html`<a class="small" href="${walkTo(place)}" rel="noopener">${speech.say('walk')}<span class="unseen">: ${name}</span></a>`}</li>`;
}

/** OpenStreetMap's way on foot: the visitor says there where he is, if he wants to. */
function walkTo({ lat, lng }: WifiPlace): string {
  return `https://www.openstreetmap.org/directions?engine=fossgis_osrm_foot&route=%3B${lat}%2C${lng}`;
}
