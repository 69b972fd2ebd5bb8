// Configurations whose every key is looked at: the complete example, and beside it what it leaves out.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { formatProblem } from '../../../../src/config/forms/problem.ts'
import { type Explained, explainReading, type InForce } from '../../../../src/config/in-force/explain.ts'
import { findKeys } from '../../../../src/config/in-force/find.ts'
import { type Reading, readBytes } from '../../../../src/config/read/load.ts'

const COMPLETE = resolve(import.meta.dirname, '../../../../config/examples/complete.yaml')

export const folder = mkdtempSync(join(tmpdir(), 'vigia-in-force-'))
// Not after all tests of a file: others in this process use it, too.
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
execFileSync(
  'openssl',
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=erp.test -addext subjectAltName=DNS:erp.test -keyout c.key -out c.pem'.split(
    ' ',
  ),
  { cwd: folder, stdio: 'ignore' },
)
writeFileSync(join(folder, 'secret.txt'), 'content-of-a-file-0123456789abcdef0123456789\n')
writeFileSync(join(folder, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"></svg>')

export type Tree = Record<string, unknown>

/** Without its pattern: what one is compiled in has to be quick, and a busy machine is not. */
export function complete(): Tree {
  return parse(readFileSync(COMPLETE, 'utf8').replace(/^ *bodyMatches:.*\n/m, '')) as Tree
}

/** What the complete example has no place for, or no files. */
export function rest(): Tree {
  const pair = { certFile: 'c.pem', keyFile: 'c.key' }
  const texts = { en: 'a', pt: 'b', es: 'c', it: 'd', de: 'e' }
  const set = { 'X-Site': { file: 'secret.txt' } }
  const certificate = { subject: 'CN=edi', san: ['edi.test'], issuer: 'CN=CA', fingerprint: 'ab'.repeat(32) }
  return {
    store: './vigia.db',
    acme: {
      termsAgreed: true,
      email: 'ops@erp.test',
      challenge: 'http-01',
      directory: 'https://ca.test/directory',
      names: ['erp.test'],
      eab: { keyId: 'kid', hmacKeyFile: 'secret.txt' },
      caFile: 'c.pem',
    },
    listeners: [
      { name: 'plain', address: ':8080', redirect: 'https', redirectPort: 8443 },
      { name: 'acme', address: ':8444', tls: {} },
      {
        name: 'secure',
        address: ':8443',
        tls: {
          certificates: [pair],
          minVersion: 'TLSv1.3',
          http2: false,
          handshakeTimeout: '5s',
          maxHandshakes: 10,
          clients: { caFile: 'c.pem', mode: 'request', field: 'X-Cert', chain: true },
        },
        hsts: { maxAge: '400d', includeSubDomains: true, preload: true },
      },
    ],
    routes: [
      {
        match: { host: 'erp.test', path: '/edi', clientCertificate: certificate },
        pool: 'a',
        access: { clientCertificate: certificate },
        pages: {
          name: 'A',
          logoFile: 'logo.svg',
          phone: '+49 1',
          email: 'a@b.test',
          link: 'https://b.test',
          text: texts,
        },
        compress: { minBytes: '3KiB' },
        buffer: { request: 'on' },
        headers: { request: { set }, response: { set } },
      },
      {
        match: { path: '/a' },
        pool: 'a',
        hold: { callback: { hosts: ['shop.test'], secretFile: 'secret.txt' } },
      },
      { pool: 'b' },
    ],
    pools: {
      a: {
        application: 'tryton',
        buffer: { request: { memory: '32KiB', max: '1GiB' }, response: 'on' },
        affinity: { cookie: 'SID', keyFile: 'secret.txt' },
        health: { path: '/up', interval: '700ms', headers: { 'X-Key': { file: 'secret.txt' } } },
        upstreams: [{ name: 'a1', url: 'https://node.test:8443', tls: { caFile: 'c.pem' } }],
        proxyProtocol: 'v2',
        headers: { request: { set }, response: { set, remove: ['Server'] } },
      },
      b: {
        affinity: { by: 'address' },
        overprovisioning: 1.4,
        upstreams: [
          { name: 'b1', url: 'http://10.0.0.1' },
          { name: 'b2', url: 'http://10.0.0.2', priority: 1, weight: 7 },
        ],
      },
    },
    compress: { types: ['text/*'], codings: ['gzip'], level: 'small', minBytes: '2KiB' },
    accessLog: true,
    limits: { head: '32KiB', headers: 77, body: '7MiB', minRate: 0 },
    timeouts: { response: '77s', idle: '33s' },
    admin: {
      address: '127.0.0.1:9900',
      tls: { certificates: [pair] },
      tokens: [{ name: 'ops', role: 'admin', tokenFile: 'secret.txt' }],
    },
    pages: { name: 'B', text: 'y' },
    maintenance: [
      {
        name: 'w',
        upstream: 'b/b1',
        start: '2030-12-06T02:00',
        end: '2030-12-06T04:00',
        timeZone: 'Europe/Lisbon',
      },
      {
        name: 'v',
        route: 'routes[1]',
        start: '2031-12-06T02:00',
        duration: '2h',
        timeZone: 'Europe/Lisbon',
        bypass: { header: { name: 'X-Pass', valueFile: 'secret.txt' } },
      },
    ],
  }
}

export function readText(text: string, env: NodeJS.ProcessEnv = {}) {
  return readBytes(new TextEncoder().encode(text), join(folder, 'vigia.yaml'), env, { revision: 1, purpose: 'start' })
}

export function reading(document: Tree | string, env: NodeJS.ProcessEnv = {}): Reading {
  const read = readText(typeof document === 'string' ? document : stringify(document, { lineWidth: 0 }), env)
  if (!read.ok) throw new Error(read.problems.map(formatProblem).join('\n'))
  return read
}

export function explained(document: Tree | string, env: NodeJS.ProcessEnv = {}): Explained {
  return explainReading(reading(document, env), env)
}

/** The one key of that path. */
export function key(from: Explained, path: string): InForce {
  const found = findKeys(from, path)
  if (!found.ok || found.keys.length !== 1) throw new Error(JSON.stringify(found))
  return found.keys[0]!
}
