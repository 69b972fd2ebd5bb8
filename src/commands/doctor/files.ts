// Who else may read or write the files that matter, and how much room their disks have.

import { readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Finding, found, ok } from './finding.ts'

export interface FileFacts {
  readonly path: string
  readonly kind: FileKind
}

/** `named`: by the configuration; its content says whether it is a secret. */
export type FileKind = 'configuration' | 'named' | 'token' | 'store' | 'log' | 'last-good'

const OTHERS_READ = 0o004
const OTHERS_WRITE = 0o002
const PUBLIC = /^-----BEGIN (?:TRUSTED )?CERTIFICATE/m
const PRIVATE = /PRIVATE KEY/
const GIB = 1024 ** 3
const LITTLE_BYTES = GIB
const LITTLE_SHARE = 0.05
const HARDLY_ANY = 0.01

export function modeFindings(files: readonly FileFacts[]): Finding[] {
  const findings = files.flatMap(modeOf)
  return findings.length > 0
    ? findings
    : [ok('file modes', `file modes: nobody else reads or writes ${files.length} files that matter`)]
}

function modeOf({ path, kind }: FileFacts): Finding[] {
  const about = statOf(path)
  if (about === undefined) return []
  const mode = about.mode & 0o777
  const shown = `${path} has mode ${mode.toString(8).padStart(4, '0')}`
  if ((mode & OTHERS_WRITE) !== 0)
    return [found('error', 'file modes', `${shown}: everybody on this machine may change it`, `chmod o-w ${path}`)]
  if ((mode & OTHERS_READ) === 0) return []
  switch (kind) {
    case 'configuration':
    case 'last-good':
      return [
        found(
          'note',
          'file modes',
          `${shown}: everybody on this machine reads it`,
          `keep secrets out of it (keyFile, \${ENV}), or chmod o-r ${path}`,
        ),
      ]
    case 'log':
      return [
        found(
          'note',
          'file modes',
          `${shown}: it has addresses of clients, and everybody on this machine reads it`,
          `chmod o-r ${path}`,
        ),
      ]
    case 'named':
      if (isPublic(path)) return []
  }
  return [
    found(
      'error',
      'file modes',
      `${shown}: it is a secret, and everybody on this machine reads it`,
      `chmod o-r ${path}`,
    ),
  ]
}

/** A certificate without a key. */
function isPublic(path: string): boolean {
  try {
    const text = readFileSync(path, 'latin1')
    return PUBLIC.test(text) && !PRIVATE.test(text)
  } catch {
    return true
  }
}

export interface DiskUse {
  readonly path: string
  readonly freeBytes: number
  readonly totalBytes: number
  readonly freeInodes: number
  readonly totalInodes: number
}

/** @param uses what each folder is for, such as `the store` */
export function diskFindings(
  folders: ReadonlyMap<string, string>,
  look: (path: string) => DiskUse | undefined = lookAtDisk,
): Finding[] {
  return [...folders].flatMap(([path, use]) => {
    const disk = look(path)
    return disk === undefined ? [] : [diskFinding(disk, use)]
  })
}

function diskFinding({ path, freeBytes, totalBytes, freeInodes, totalInodes }: DiskUse, use: string): Finding {
  const check = `disk of ${use}`
  const share = freeBytes / totalBytes
  const what = `disk of ${use}: ${Math.round((freeBytes / GIB) * 10) / 10} GiB free of ${Math.round((totalBytes / GIB) * 10) / 10} (${path})`
  const advice = `make room there: df -h ${path}; du -xh --max-depth 2 ${path}`
  if (share < HARDLY_ANY || freeBytes < 50 * 1024 ** 2) return found('error', check, what, advice)
  if (totalInodes > 0 && freeInodes < LITTLE_SHARE * totalInodes)
    return found('warning', check, `${what}, but few inodes: ${freeInodes} of ${totalInodes}`, `df -i ${path}`)
  return share < LITTLE_SHARE && freeBytes < LITTLE_BYTES ? found('warning', check, what, advice) : ok(check, what)
}

function lookAtDisk(path: string): DiskUse | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, blocks, bsize, ffree, files } = statfsSync(folder)
      const sizes = { freeBytes: bavail * bsize, totalBytes: blocks * bsize, freeInodes: ffree, totalInodes: files }
      return blocks === 0 ? undefined : { path, ...sizes }
    } catch {
      // What is not there yet is made in a folder that is.
      if (folder === dirname(folder)) return undefined
    }
  }
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}
