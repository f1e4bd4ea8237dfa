/**
 * The proof that a call comes from one of our own pages: for all that a session's cookie may change.
 *
 * `SameSite=Strict` alone lets through what a neighbour domain (`other.city.go.id`) sends. So three things besides,
 * each of which would do: the header X-Siaga-Session, which no form can send and for which a browser asks other sites
 * by a preflight that Siaga does not grant; `Sec-Fetch-Site: same-origin`, which no script can set; and, since
 * browsers send that one to https and loopback only, `Origin` where it is absent. A token in the page, as others do
 * it, would need a place to keep it and tell no more. Invariant: what proves nothing is refused.
 */
import type { FastifyRequest } from 'fastify';
import { Problem } from '../border/problem.ts';

/**
 * Said by a page that acts for somebody who is signed in: without a session its calls are refused and never the
 * public's.
 */
export const SESSION_HEADER = 'x-siaga-session';

export function bearsSessionHeader({ headers }: FastifyRequest): boolean {
  return headers[SESSION_HEADER] === '1';
}

/** Throws Problem 403 where another site may have sent it. */
export function requireOwnPage(request: FastifyRequest, publicUrl: string | undefined): void {
  const why = bearsSessionHeader(request)
    ? explainForeign(request, publicUrl)
    : 'it does not bear the header X-Siaga-Session: 1';
  if (why === undefined) return;
  const detail = `This changes something by a session's cookie, and ${why}. Programs use a token instead.`;
  throw new Problem(403, 'not-our-page', detail);
}

function explainForeign(
  { headers, host }: FastifyRequest,
  publicUrl: string | undefined,
): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) {
    return site === 'same-origin' ? undefined : 'the browser says that another site sent it (Sec-Fetch-Site)';
  }
  const { origin } = headers;
  if (origin === undefined) return 'neither Sec-Fetch-Site nor Origin says who sent it';
  const own = URL.parse(origin);
  // A port that the scheme implies is written in one and not in the other.
  const called = URL.parse(`${own?.protocol}//${host}`)?.origin;
  const isOurs = own !== null && [called, URL.parse(publicUrl ?? '')?.origin].includes(own.origin);
  return isOurs ? undefined : 'its Origin is another site';
}
