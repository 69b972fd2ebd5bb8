// Certificates that vigia gets by itself (ACME, RFC 8555): from which CA, for which names, and how it shows that they lead here.

import { isIP } from 'node:net'
import Type, { type Static } from 'typebox'
import type { AcmePlan } from '../../plan/acme.ts'
import { isHostName } from '../forms/address.ts'
import { type Contents, type NamedFile, wrongInCertificates } from '../forms/named-file.ts'
import type { Otherwises } from '../forms/otherwise.ts'
import { error, type Finding, type Path, quote, warning } from '../forms/problem.ts'
import { described, section, text } from '../forms/schema-blocks.ts'
import type { RoutesDocument } from './route/route.ts'

const DEFAULTS = { directory: 'https://acme-v02.api.letsencrypt.org/directory', challenge: 'http-01' } as const
/** Each is an order of its own, and CAs count them. */
const MOST_NAMES = 100
const BASE64URL = /^[\w-]{16,512}={0,2}$/

export const acmeSchema = section(
  {
    termsAgreed: Type.Literal(true, {
      title: 'true',
      description: 'That you agree to the terms of service of the CA; its directory links them.',
      whyRequired: 'true says that you agree to the terms of service of the CA',
    }),
    email: Type.Optional(
      Type.String({
        pattern: '^[^\\s@,?<>]+@[^\\s@,?<>]+$',
        maxLength: 254,
        title: 'one mail address such as ops@example.com',
        description: 'Where the CA writes to about the account. Default: nowhere.',
      }),
    ),
    directory: Type.Optional(
      text(
        'a URL that begins with https://',
        "URL of the CA's directory. For trials: https://acme-staging-v02.api.letsencrypt.org/directory. Another one: every name gets a certificate of that CA.",
        DEFAULTS.directory,
      ),
    ),
    challenge: Type.Optional(
      Type.Union([Type.Literal('http-01'), Type.Literal('tls-alpn-01')], {
        title: 'one of http-01, tls-alpn-01',
        ...described(
          'How the CA looks whether a name leads here: `http-01` asks port 80 of the name, which has to lead to a listener without TLS; `tls-alpn-01` port 443, which has to lead to one with TLS, through nothing that ends TLS.',
          DEFAULTS.challenge,
        ),
      }),
    ),
    names: Type.Optional(
      Type.Array(text('a host name such as erp.example.com', 'A host name.'), {
        minItems: 1,
        maxItems: MOST_NAMES,
        title: `a list of 1 to ${MOST_NAMES} host names`,
        description:
          'Names that each get a certificate. No wildcards: neither challenge can prove them. Default: the hosts that routes name, wildcards and addresses left out.',
      }),
    ),
    eab: Type.Optional(
      section(
        {
          keyId: text('a text', 'Id of the key, as the CA has given it.'),
          hmacKeyFile: text(
            'a file path',
            'File with the key itself (base64url), one line; relative to the configuration file.',
          ),
        },
        'External account binding (RFC 8555 7.3.4), for CAs that ask for it (ZeroSSL, Google, many of companies). Looked at when the account is made.',
      ),
    ),
    caFile: Type.Optional(
      text(
        'a file path',
        "PEM file with the authorities that the CA's own server is verified with, in the place of the system's; for a CA of your own.",
      ),
    ),
  },
  'Certificates by ACME (RFC 8555), each renewed by itself: from a third of its lifetime left on, or when its CA suggests it (RFC 9773). They are for listeners with `tls` that name no `certificates`. Needs `store`: accounts, certificates and their keys are kept there. Until the first one has come, clients get a self-signed one. HTTPS_PROXY and NO_PROXY of the environment count.',
)

export type AcmeDocument = Static<typeof acmeSchema>

/** What of a document decides about it. */
interface Around {
  readonly acme?: AcmeDocument
  readonly listeners: readonly ListenerDocument[]
  readonly routes: RoutesDocument
  readonly store?: unknown
}

interface ListenerDocument {
  readonly name: string
  readonly tls?: { readonly certificates?: readonly unknown[] } | undefined
}

export function* checkAcme({ acme, listeners, routes, store }: Around): Iterable<Finding> {
  const users = listeners.filter(usesAcme)
  if (acme === undefined) return yield* checkWithout(listeners)
  const at: Path = ['acme']
  if (store === undefined || store === false)
    yield error(
      at,
      'certificates and their keys are kept in the store, and without one each start would ask the CA for all of them again, which it soon refuses: add store: ./vigia.db',
      'key',
    )
  if (users.length === 0)
    yield error(at, 'no listener takes certificates from it: give one tls: {}, without certificates', 'key')
  const { directory = DEFAULTS.directory, challenge = DEFAULTS.challenge, names } = acme
  if (challenge === 'http-01' && listeners.every(({ tls }) => tls !== undefined))
    yield error(
      [...at, ...(acme.challenge === undefined ? [] : ['challenge'])],
      'http-01 is asked for without TLS on port 80, and every listener has TLS: add one without, at ":80", or set challenge: tls-alpn-01',
      acme.challenge === undefined ? 'key' : 'value',
    )
  const wrong = wrongInDirectory(directory)
  if (wrong !== undefined) yield error([...at, 'directory'], `${quote(directory)} ${wrong}`)
  if (names === undefined) yield* checkHosts(routes, users)
  else yield* checkNames(names, [...at, 'names'])
}

function* checkWithout(listeners: readonly ListenerDocument[]): Iterable<Finding> {
  for (const [i, listener] of listeners.entries())
    if (usesAcme(listener))
      yield error(
        ['listeners', i, 'tls'],
        'has no certificate: name files with certificates: [{ certFile, keyFile }], or add acme, which gets them by itself',
        'key',
      )
}

function wrongInDirectory(directory: string): string | undefined {
  const url = URL.parse(directory)
  if (url?.protocol !== 'https:') return `does not begin with https://, expected a URL such as ${DEFAULTS.directory}`
  return url.username !== '' || url.password !== '' ? 'carries a user name or password, which is not sent' : undefined
}

function* checkNames(names: readonly string[], at: Path): Iterable<Finding> {
  const seen = new Set<string>()
  for (const [i, name] of names.entries()) {
    const key = name.toLowerCase()
    if (name.startsWith('*.'))
      yield error(
        [...at, i],
        `${quote(name)} is a wildcard, which neither challenge can prove: name its hosts, or give the listener a certificate file`,
      )
    else if (!isCertifiable(name)) yield error([...at, i], `${quote(name)} is not a host name such as erp.example.com`)
    else if (seen.has(key)) yield error([...at, i], `${quote(name)} is named already`)
    seen.add(key)
  }
}

function* checkHosts(routes: RoutesDocument, users: readonly ListenerDocument[]): Iterable<Finding> {
  const names = hostsOf(routes, users)
  if (names.length === 0) yield error(['acme'], 'no route names a host to get a certificate for: set acme.names', 'key')
  if (names.length > MOST_NAMES)
    yield error(
      ['acme'],
      `routes name ${names.length} hosts, at most ${MOST_NAMES} get certificates: set acme.names`,
      'key',
    )
  for (const [i, { match }] of routes.entries()) {
    for (const host of listOf(match?.host))
      if (host.startsWith('*.'))
        yield warning(
          ['routes', i, 'match', 'host'],
          `${quote(host)} gets no certificate by ACME, whose challenges prove no wildcards: name its hosts in acme.names`,
        )
  }
}

export function* acmeFiles(acme: AcmeDocument | undefined): Iterable<NamedFile> {
  const { eab, caFile } = acme ?? {}
  if (eab !== undefined) yield { path: ['acme', 'eab', 'hmacKeyFile'], file: eab.hmacKeyFile, wrongIn: wrongInHmacKey }
  if (caFile !== undefined) yield { path: ['acme', 'caFile'], file: caFile, wrongIn: wrongInCertificates }
}

function wrongInHmacKey(content: string): string | undefined {
  return BASE64URL.test(content) ? undefined : 'holds no key, expected one line of at least 16 letters, digits, - and _'
}

/** @param config must have passed the checks */
export function compileAcme({ acme, listeners, routes }: Around, files: Contents): AcmePlan | undefined {
  if (acme === undefined) return undefined
  const { directory, challenge, email, eab, caFile } = acme
  const names = acme.names?.map(name => name.toLowerCase()) ?? hostsOf(routes, listeners.filter(usesAcme))
  return {
    directory: directory ?? DEFAULTS.directory,
    email,
    eab: eab && { keyId: eab.keyId, hmacKey: files.get(eab.hmacKeyFile)! },
    challenge: challenge ?? DEFAULTS.challenge,
    names,
    ca: caFile === undefined ? undefined : files.get(caFile),
  }
}

export const RENAMED_IN_ACME = { 'acme.eab.hmacKey': 'acme.eab.hmacKeyFile', 'acme.ca': 'acme.caFile' }

function usesAcme({ tls }: ListenerDocument): boolean {
  return tls !== undefined && (tls.certificates ?? []).length === 0
}

/** Hosts of the routes that these listeners serve, each once. */
function hostsOf(routes: RoutesDocument, listeners: readonly ListenerDocument[]): string[] {
  const isServed = (of: readonly string[]) => of.length === 0 || listeners.some(({ name }) => of.includes(name))
  const hosts = routes.flatMap(({ match }) => (isServed(listOf(match?.listener)) ? listOf(match?.host) : []))
  return [...new Set(hosts.map(host => host.toLowerCase()))].filter(isCertifiable)
}

function isCertifiable(host: string): boolean {
  return isHostName(host) && isIP(host) === 0
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_ACME: Otherwises = {
  'acme.names': ({ document }) => {
    const { routes, listeners } = document as unknown as Around
    return { value: hostsOf(routes, listeners.filter(usesAcme)), by: 'derived', from: ['routes'] }
  },
}
