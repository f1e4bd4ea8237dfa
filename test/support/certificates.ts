/** Certificates made for a test with openssl, in a folder of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates extends Disposable {
  readonly folder: string;
  /** The path of a file in the folder. */
  file(name: string): string;
  read(name: string): Buffer;
}

/** `localhost.crt` and `localhost.key`, for localhost and 127.0.0.1. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-certificates-'));
  const file = (name: string) => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'localhost.key'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...key, '-out', 'localhost.crt', '-days', '2', ...names], {
    cwd: folder,
    stdio: 'pipe',
  });
  return {
    folder,
    file,
    read: (name) => readFileSync(file(name)),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
