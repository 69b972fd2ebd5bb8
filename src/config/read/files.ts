// Reads the files that the configuration names (authorities, secrets), relative to its folder.
// Whatever they hold stays out of every message.

import { constants } from 'node:fs'
import { resolve } from 'node:path'
import { isBelow } from '../../util/paths.ts'
import type { Contents, NamedFile } from '../forms/named-file.ts'
import { error, type Finding, quote } from '../forms/problem.ts'
import { fingerprint, fingerprintOfFailure, type Inputs } from './inputs.ts'
import { NO_FILE, readRegularFile } from './regular-file.ts'

const { O_NOFOLLOW } = constants

export interface Files {
  readonly contents: Contents
  readonly inputs: Inputs
  readonly findings: readonly Finding[]
}

/** @param guarded folders in which links are not followed */
export function readFiles(named: readonly NamedFile[], folder: string, guarded: readonly string[] = []): Files {
  const contents = new Map<string, string>()
  const inputs = new Map<string, string>()
  const findings: Finding[] = []
  for (const { path, file, encoding, wrongIn } of named) {
    const absolute = resolve(folder, file)
    const found = readBytes(absolute, guarded)
    inputs.set(absolute, found.print)
    if ('failed' in found) {
      findings.push(error(path, `the file ${quote(file)} ${found.failed}`))
      continue
    }
    const content = encoding ? found.bytes.toString(encoding) : found.bytes.toString('utf8').replace(/\r?\n$/, '')
    const wrong = wrongIn(content)
    if (wrong !== undefined) findings.push(error(path, `the file ${quote(file)} ${wrong}`))
    else contents.set(file, content)
  }
  return { contents, inputs, findings }
}

/** What a file holds, or why nobody knows, to follow its name. */
export type FileRead = { readonly print: string } & ({ readonly bytes: Buffer } | { readonly failed: string })

const FROM_WHERE = "(it is looked for from the configuration's folder)"

/** @param file absolute @param guarded folders in which links are not followed */
export function readBytes(file: string, guarded: readonly string[] = []): FileRead {
  const flags = guarded.some(each => isBelow(each, file)) ? O_NOFOLLOW : 0
  try {
    const found = readRegularFile(file, flags)
    if ('not' in found) {
      const failed = found.not === NO_FILE ? 'is not a regular file' : 'is larger than 1 MiB'
      return { print: found.not, failed: `${failed} ${FROM_WHERE}` }
    }
    return { print: fingerprint(found.bytes), bytes: found.bytes }
  } catch (cause) {
    const failed = `${whyUnreadable((cause as NodeJS.ErrnoException).code)} ${FROM_WHERE}`
    return { print: fingerprintOfFailure(cause), failed }
  }
}

/** Why a file could not be read, for people. */
export function whyUnreadable(code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
      return 'does not exist'
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user'
    case 'ELOOP':
      return 'is a link, which is not followed here'
    case 'EISDIR':
      return 'is a folder'
    default:
      return `cannot be read${code ? ` (${code})` : ''}`
  }
}
