// Reads the files that the configuration names (authorities, secrets), relative to its folder.
// Whatever they hold stays out of every message.

import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isHeaderValue } from '../http-words.ts'
import { isToken, SHORTEST_TOKEN } from '../parts/check-admin.ts'
import { isShortKey, keysInFile, SHORTEST_KEY } from '../parts/check-affinity.ts'
import type { ConfigDocument } from '../schema.ts'
import { fingerprint, fingerprintOfFailure, type Inputs, LARGEST_INPUT_BYTES, NO_FILE, TOO_LARGE } from './inputs.ts'
import { error, type Finding, type Path, quote } from './problem.ts'

export interface Files {
  /** Contents by the name that the configuration uses; a newline at the end is dropped. */
  readonly contents: ReadonlyMap<string, string>
  readonly inputs: Inputs
  readonly findings: readonly Finding[]
}

export function readFiles(config: ConfigDocument, folder: string): Files {
  const contents = new Map<string, string>()
  const inputs = new Map<string, string>()
  const findings: Finding[] = []
  for (const { path, file, kind } of namedFiles(config)) {
    const text = read(resolve(folder, file))
    inputs.set(resolve(folder, file), text.print)
    if ('failed' in text) {
      findings.push(
        error(path, `the file ${quote(file)} ${text.failed} (it is looked for from the configuration's folder)`),
      )
    } else if (kind === 'ca' && !isCertificates(text.content)) {
      findings.push(
        error(
          path,
          `the file ${quote(file)} holds no valid PEM certificate, expected "-----BEGIN CERTIFICATE-----" ...`,
        ),
      )
    } else if (kind === 'header' && !isHeaderValue(text.content)) {
      findings.push(
        error(path, `the file ${quote(file)} holds more than one line, or characters that a header value cannot have`),
      )
    } else if (kind === 'token' && !isToken(text.content)) {
      findings.push(
        error(
          path,
          `the file ${quote(file)} holds no token, expected one line of at least ${SHORTEST_TOKEN} characters without spaces; make one with: vigia token`,
        ),
      )
    } else if (kind === 'keys' && !areKeys(text.content)) {
      findings.push(
        error(
          path,
          `the file ${quote(file)} holds no secret, or one shorter than ${SHORTEST_KEY} characters; expected one a line, made with: openssl rand -hex 32`,
        ),
      )
    } else contents.set(file, text.content)
  }
  return { contents, inputs, findings }
}

function* namedFiles(
  config: ConfigDocument,
): Iterable<{ path: Path; file: string; kind: 'ca' | 'header' | 'keys' | 'token' }> {
  for (const [i, { tokenFile }] of (config.admin === false ? [] : (config.admin?.tokens ?? [])).entries()) {
    if (tokenFile !== undefined) yield { path: ['admin', 'tokens', i, 'tokenFile'], file: tokenFile, kind: 'token' }
  }
  for (const [pool, { health, affinity, upstreams }] of Object.entries(config.pools)) {
    if (typeof health === 'object') {
      for (const [name, value] of Object.entries(health.headers ?? {})) {
        if (typeof value === 'object')
          yield { path: ['pools', pool, 'health', 'headers', name, 'file'], file: value.file, kind: 'header' }
      }
    }
    if (affinity?.keyFile !== undefined)
      yield { path: ['pools', pool, 'affinity', 'keyFile'], file: affinity.keyFile, kind: 'keys' }
    for (const [i, { tls }] of upstreams.entries()) {
      if (tls?.caFile !== undefined)
        yield { path: ['pools', pool, 'upstreams', i, 'tls', 'caFile'], file: tls.caFile, kind: 'ca' }
    }
  }
  for (const [i, { bypass }] of (config.maintenance ?? []).entries()) {
    const file = bypass?.header?.valueFile
    if (file !== undefined) yield { path: ['maintenance', i, 'bypass', 'header', 'valueFile'], file, kind: 'header' }
  }
}

type Read = { readonly print: string } & ({ readonly content: string } | { readonly failed: string })

function read(file: string): Read {
  try {
    const stat = statSync(file)
    if (!stat.isFile()) return { print: NO_FILE, failed: 'is not a regular file' }
    if (stat.size > LARGEST_INPUT_BYTES) return { print: TOO_LARGE, failed: 'is larger than 1 MiB' }
    const bytes = readFileSync(file)
    return { print: fingerprint(bytes), content: bytes.toString('utf8').replace(/\r?\n$/, '') }
  } catch (cause) {
    return { print: fingerprintOfFailure(cause), failed: wordsFor((cause as NodeJS.ErrnoException).code) }
  }
}

/** Why a file could not be read, for people. */
export function wordsFor(code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
      return 'does not exist'
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user'
    case 'EISDIR':
      return 'is a folder'
    default:
      return `cannot be read${code ? ` (${code})` : ''}`
  }
}

function areKeys(content: string): boolean {
  const keys = keysInFile(content)
  return keys.length > 0 && !keys.some(isShortKey)
}

function isCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  try {
    return blocks?.every(block => new X509Certificate(block).raw.length > 0) ?? false
  } catch {
    return false
  }
}
