// The admin listener and who may use it. No listener that others can reach without tokens; each token has one owner, and of it only
// its hash goes on. A token never appears in a message.

import { createHash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import type { AdminPlan } from '../../plan/admin.ts'
import { isLoopback } from '../../util/address-ranges.ts'
import { ADDRESS_FORM, type Address, parseAddress } from '../forms/address.ts'
import { certificateSchema, compilePairs, type NamedPair, namedPairs } from '../forms/certificate-pair.ts'
import type { Contents, NamedFile } from '../forms/named-file.ts'
import type { Otherwises } from '../forms/otherwise.ts'
import { error, type Finding, type Path, quote, repeatedNames } from '../forms/problem.ts'
import { integer, name, section, text } from '../forms/schema-blocks.ts'
import { minVersionSchema, OLDEST_TLS } from './listener-tls.ts'

const DEFAULT_ADDRESS = '127.0.0.1:9900'
/** So many without a word: the plan says it only where it is another number. */
const FOLLOWERS = 16
/** As many characters as 128 bits have in hexadecimal. */
const SHORTEST_TOKEN = 32
const TOKEN = /^[A-Za-z0-9\-._~+/]{1,512}=*$/
const MAKE_ONE = 'make one with: vigia token'

const role = Type.Union([Type.Literal('read'), Type.Literal('operate'), Type.Literal('admin')], {
  title: 'one of read, operate, admin',
  description:
    'What it may do: `read` sees everything, `operate` also drains, weighs, settles and plans, `admin` also changes the configuration.',
  whyRequired: 'what may be done with it: read, operate or admin',
})

const tls = section(
  {
    certificates: Type.Optional(
      Type.Array(certificateSchema, {
        minItems: 1,
        title: 'a list with at least one certificate',
        description: 'Its certificates, as those of a listener. Default: those of all listeners.',
      }),
    ),
    minVersion: Type.Optional(minVersionSchema),
  },
  'The admin listener speaks TLS; its URL begins with https://. Default: no TLS.',
)

const token = section(
  {
    name: name('Whose it is: stands as the author of what is done with it; unique.'),
    role,
    hash: Type.Optional(
      Type.String({
        pattern: '^sha256:[0-9A-Fa-f]{64}$',
        title: 'the hash that `vigia token` prints: sha256: and 64 hexadecimal digits',
        description: 'SHA-256 of the token; `vigia token` makes both. Only fit for a token that was drawn at random.',
      }),
    ),
    tokenFile: Type.Optional(
      text(
        'a file path',
        'File with the token itself, one line; relative to the configuration file. In the place of `hash`.',
      ),
    ),
  },
  'A bearer token.',
)

export const adminSchema = Type.Union(
  [
    section(
      {
        address: text(
          ADDRESS_FORM,
          'host:port of the admin listener. Where others than this machine can reach it, `tokens` are needed.',
        ),
        tls: Type.Optional(tls),
        followers: Type.Optional(
          integer(1, 128, 'Most that follow the events at once (GET /events, `vigia events -f`).', FOLLOWERS),
        ),
        tokens: Type.Optional(
          Type.Array(token, {
            minItems: 1,
            title: 'a list with at least one token',
            description:
              'Who may use the admin listener. Effect: every request but /healthz and /readyz needs one of them. Default: none; everything may be read, and changes are taken from this machine.',
          }),
        ),
        files: Type.Optional(
          Type.Array(text('the path of a folder', 'Path of a folder, relative to the configuration file.'), {
            minItems: 1,
            title: 'a list of at least one folder',
            description:
              'Folders in which a configuration that comes over the admin API may name files, to read and to write, beside those that this file names for the same use. Links do not count; new files there are made with mode 0600. Such a configuration may refer to those variables of the environment only that this file refers to. Default: none.',
          }),
        ),
      },
      'The admin listener.',
      { title: 'a mapping with `address`' },
    ),
    Type.Literal(false),
  ],
  {
    title: 'a mapping with `address`, or false',
    description: `Listener for /healthz, /readyz, /status, /metrics, orders and events (/openapi.json lists all); false = none. Default: address ${DEFAULT_ADDRESS}.`,
  },
)

export type AdminDocument = Static<typeof adminSchema>
/** Undefined: the key is not there. */
type Given = AdminDocument | undefined

/** As people wrote it; undefined = there is none. */
export function adminAddress(admin: Given): string | undefined {
  return admin === false ? undefined : (admin?.address ?? DEFAULT_ADDRESS)
}

/** @param hasCertificates some listener has */
export function* checkAdmin(admin: Given, hasCertificates: boolean): Iterable<Finding> {
  if (admin === false) return
  if (admin?.tls !== undefined && admin.tls.certificates === undefined && !hasCertificates)
    yield error(['admin', 'tls'], 'has no certificates, and no listener has any: give admin.tls.certificates', 'key')
  const text = admin?.address ?? DEFAULT_ADDRESS
  const address = parseAddress(text)
  if (!('wrong' in address) && !isLoopback(address.host) && admin?.tokens === undefined) {
    yield error(
      ['admin', 'address'],
      `${quote(text)} can be reached by others, who could then read and order everything: set tokens (${MAKE_ONE}), or bind it to 127.0.0.1`,
    )
  }
  yield* repeatedNames(admin?.tokens ?? [], 'tokens', ['admin', 'tokens'])
  const hashes = new Map<string, number>()
  for (const [i, { hash, tokenFile }] of (admin?.tokens ?? []).entries()) {
    const at: Path = ['admin', 'tokens', i]
    if (hash === undefined && tokenFile === undefined)
      yield error(at, `says not which token: set hash, or tokenFile; ${MAKE_ONE}`, 'key')
    if (hash !== undefined && tokenFile !== undefined)
      yield error([...at, 'tokenFile'], 'the token is given by its hash already: remove one of them', 'key')
    if (hash === undefined) continue
    const same = hashes.get(hash.toLowerCase())
    if (same !== undefined)
      yield error([...at, 'hash'], `is the same token as tokens[${same}]: its author would not be known`)
    hashes.set(hash.toLowerCase(), same ?? i)
  }
}

export function* adminFiles(admin: Given): Iterable<NamedFile> {
  if (admin === undefined || admin === false) return
  for (const [i, { tokenFile }] of (admin.tokens ?? []).entries()) {
    if (tokenFile !== undefined)
      yield { path: ['admin', 'tokens', i, 'tokenFile'], file: tokenFile, wrongIn: wrongInTokenFile }
  }
}

/** A token is fit to be one where nobody guesses it, and it can stand in a header. */
function wrongInTokenFile(content: string): string | undefined {
  return content.length >= SHORTEST_TOKEN && TOKEN.test(content)
    ? undefined
    : `holds no token, expected one line of at least ${SHORTEST_TOKEN} characters without spaces; ${MAKE_ONE}`
}

export function adminPairs(admin: Given): NamedPair[] {
  const certificates = admin === false ? undefined : admin?.tls?.certificates
  return namedPairs(certificates ?? [], ['admin', 'tls', 'certificates'])
}

/** In which what comes over the API may name files, as the document writes them. */
export function grantedFolders(admin: Given): readonly string[] {
  return admin === undefined || admin === false ? [] : (admin.files ?? [])
}

export function compileAdmin(
  admin: Given,
  files: Contents,
  resolvePath: (path: string) => string,
): AdminPlan | undefined {
  if (admin === false) return undefined
  const { host, port } = parseAddress(admin?.address ?? DEFAULT_ADDRESS) as Address
  const tokens = admin?.tokens?.map(({ name, role, hash, tokenFile }) => ({
    name,
    role,
    sha256: hash === undefined ? sha256(files.get(tokenFile!)!) : hash.slice('sha256:'.length).toLowerCase(),
  }))
  const folders = grantedFolders(admin).map(resolvePath)
  const followers = admin?.followers ?? FOLLOWERS
  const tls = admin?.tls && {
    certificates: compilePairs(admin.tls.certificates ?? [], resolvePath),
    minVersion: admin.tls.minVersion ?? OLDEST_TLS,
  }
  return {
    ...{ host, port },
    ...(tls === undefined ? {} : { tls }),
    ...(followers === FOLLOWERS ? {} : { followers }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(folders.length === 0 ? {} : { files: folders }),
  }
}

function sha256(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_ADMIN: Otherwises = { admin: () => ({ value: { address: DEFAULT_ADDRESS }, by: 'default' }) }
