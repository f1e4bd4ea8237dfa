/**
 * The cookie of a session: its name, how it is read, how it is set and taken away.
 *
 * `HttpOnly`, so that no script of a page has it; `SameSite=Strict`, so that no other site's link or form sends it;
 * `Secure` with the prefix `__Host-` where people reach Siaga by https, so that no plain page and no neighbour domain
 * can set one in its place. Invariant: where https is used, a cookie without the prefix is not looked at.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';

const PLAIN_NAME = 'siaga-session';
const SECURE_NAME = `__Host-${PLAIN_NAME}`;

/** Whether the people who call come by https: as PUBLIC_URL says, or a trusted proxy. */
export function comesByHttps({ protocol }: FastifyRequest, publicUrl: string | undefined): boolean {
  return protocol === 'https' || (publicUrl?.startsWith('https:') ?? false);
}

/** What it holds, be it a secret of ours or not; undefined where there is none. */
export function readSessionCookie(
  request: FastifyRequest,
  publicUrl: string | undefined,
): string | undefined {
  const wanted = nameOf(request, publicUrl);
  for (const pair of request.headers.cookie?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === wanted) {
      return pair.slice(equals + 1).trim();
    }
  }
  return undefined;
}

export function setSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string | undefined,
  { secret, lifeMs }: { readonly secret: string; readonly lifeMs: number },
): void {
  reply.header('set-cookie', format(request, publicUrl, secret, Math.floor(lifeMs / 1000)));
}

export function clearSessionCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string | undefined,
): void {
  reply.header('set-cookie', format(request, publicUrl, '', 0));
}

function format(
  request: FastifyRequest,
  publicUrl: string | undefined,
  secret: string,
  maxAgeS: number,
): string {
  const secure = comesByHttps(request, publicUrl) ? '; Secure' : '';
  const name = nameOf(request, publicUrl);
  return `${name}=${secret}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`;
}

function nameOf(request: FastifyRequest, publicUrl: string | undefined): string {
  return comesByHttps(request, publicUrl) ? SECURE_NAME : PLAIN_NAME;
}
