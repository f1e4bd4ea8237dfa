/** What an operator reads where PostgreSQL cannot be worked with. */
import { expect, test } from 'vitest';
import { explainPostgres, PostgresUnusableError } from '../../../database/explain-postgres.ts';

const URL_OF_IT = 'postgres://siaga:secret@db.example:6432/siaga?sslmode=verify-full';
const explain = (message: string, code?: string) =>
  explainPostgres(Object.assign(new Error(message), code === undefined ? {} : { code }), URL_OF_IT);

test.each([
  ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', /certificate is not accepted .+sslrootcert=/],
  ['unable to verify', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /certificate is not accepted/],
  ['certificate has expired', 'CERT_HAS_EXPIRED', /certificate is not accepted/],
  ['does not match', 'ERR_TLS_CERT_ALTNAME_INVALID', /a host that the certificate names/],
  ["open '/ca.pem'", 'ENOENT', /a file that its address names/],
  ['connect ECONNREFUSED 10.0.0.9:6432', 'ECONNREFUSED', /does not answer .+10\.0\.0\.9/],
  ['getaddrinfo', 'ENOTFOUND', /does not answer/],
  ['timeout exceeded when trying to connect', undefined, /does not answer in time/],
  ['The server does not support SSL connections', undefined, /takes no TLS/],
  ['password authentication failed', '28P01', /does not let this account in/],
  ['no pg_hba.conf entry', '28000', /pg_hba\.conf/],
  ['database "x" does not exist', '3D000', /create it, with encoding UTF8/],
  ['sorry, too many clients already', '53300', /raise max_connections/],
  ['cannot execute INSERT', '25006', /lead to the primary/],
  ['permission denied for schema public', '42501', /grant it create/],
  ['the database system is starting up', '57P03', /wait until it is up/],
  ['could not extend file', '53100', /look at its disk/],
])('%s (%s) is said with what it is about and what to do', (message, code, sentence) => {
  const { message: said } = explain(message, code) as Error;
  expect(said).toMatch(sentence);
  expect(said).toMatch(/^PostgreSQL at db\.example:6432\/siaga: /);
  expect(said).toContain(message);
  expect(said).not.toContain('secret');
});

test('an error that is about something else stays as it is', () => {
  const other = Object.assign(new Error('a newer Siaga'), { code: 'MIGRATION_NEWER' });
  expect(explainPostgres(other, URL_OF_IT)).toBe(other);
  expect(explain('relation "x" does not exist', '42P01')).not.toBeInstanceOf(PostgresUnusableError);
});

test('a socket is named by its path', () => {
  const error = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const url = 'postgres://siaga@%2Fvar%2Frun%2Fpostgresql/siaga';
  expect((explainPostgres(error, url) as Error).message).toMatch(
    /^PostgreSQL at \/var\/run\/postgresql\/siaga: /,
  );
});
