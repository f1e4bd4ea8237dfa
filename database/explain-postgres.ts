/**
 * Why a PostgreSQL cannot be worked with, in one sentence that says what to do.
 *
 * "self-signed certificate" alone does not tell an operator which of the addresses he has set it is about. Asked at a
 * start, by command lines and the doctor. Invariant: no password is in a sentence; an error that is not about
 * reaching the database stays as it is.
 */

interface Explanation {
  /** Against the code of the error, of the network, of TLS or of PostgreSQL itself (SQLSTATE). */
  readonly codes: RegExp;
  readonly says: string;
  readonly remedy: string;
}

/** The first that fits counts. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    codes: /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|ALTNAME|^ERR_SSL/,
    says: 'its certificate is not accepted',
    remedy:
      'name its CA in the address (sslmode=verify-full&sslrootcert=/path/to/ca.pem) and a host that the certificate names',
  },
  {
    codes: /^(?:ENOENT|EACCES)$/,
    says: 'a file that its address names, or its socket, cannot be read',
    remedy: 'correct the address',
  },
  {
    codes: /^(?:ECONN|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/,
    says: 'it does not answer',
    remedy: 'start it, or correct the address',
  },
  { codes: /^57P0[123]$/, says: 'it is starting or ending', remedy: 'wait until it is up' },
  {
    codes: /^28/,
    says: 'it does not let this account in',
    remedy: 'correct the user and the password in the address, or pg_hba.conf there',
  },
  { codes: /^3D000$/, says: 'it has no such database', remedy: 'create it, with encoding UTF8' },
  {
    codes: /^53300$/,
    says: 'it has no connection left',
    remedy: 'raise max_connections there (a Siaga holds at most 13), or close what else holds some',
  },
  {
    codes: /^25006$/,
    says: 'it is read-only',
    remedy: 'let the address lead to the primary: a standby of PostgreSQL takes no writes',
  },
  {
    codes: /^42501$/,
    says: 'this account may not do that there',
    remedy: 'make it the owner of the database, or grant it create on the schema public',
  },
  { codes: /^53|^55000$/, says: 'it takes no work now', remedy: 'look at its disk, its memory and its log' },
];
/** From the driver, without a code. */
const NO_TLS = /does not support SSL/;
const TOO_LATE = /timeout|terminated/i;

export class PostgresUnusableError extends Error {
  readonly code = 'POSTGRES_UNUSABLE';
}

/** What it is and what to do; undefined where the error is about something else. */
export function findRemedy(error: unknown): { readonly says: string; readonly remedy: string } | undefined {
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code === 'string') return EXPLANATIONS.find(({ codes }) => codes.test(code));
  if (message !== undefined && NO_TLS.test(message)) {
    return { says: 'it takes no TLS', remedy: 'switch TLS on there, or leave sslmode out of the address' };
  }
  if (message === undefined || !TOO_LATE.test(message)) return undefined;
  return { says: 'it does not answer in time', remedy: 'look at it and at the network to it' };
}

/** The error in words where it is about reaching the database at `url`, else as it is. */
export function explainPostgres(error: unknown, url: string): unknown {
  const found = findRemedy(error);
  if (!found) return error;
  const { says, remedy } = found;
  const sentence = `${nameOf(url)}: ${says} (${(error as Error).message}): ${remedy}`;
  return new PostgresUnusableError(sentence, { cause: error });
}

function nameOf(url: string): string {
  const { hostname, port, pathname } = URL.parse(url) ?? {};
  if (!hostname) return 'PostgreSQL';
  const place = decodeURIComponent(hostname);
  return `PostgreSQL at ${place}${port ? `:${port}` : ''}${pathname ?? ''}`;
}
