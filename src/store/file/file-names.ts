// The files beside a store: their names, their permissions, and what makes a rename durable. Opens the store's own file never:
// closing a second descriptor would drop SQLite's locks on it.

import {
  chmodSync,
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

const PRIVATE = 0o600

/** Where the file really is, so that two names of one store share one lock. */
export function storePath(path: string): string {
  const absolute = resolve(path)
  if (existsSync(absolute)) return realpathSync(absolute)
  const folder = dirname(absolute)
  return join(existsSync(folder) ? realpathSync(folder) : folder, basename(absolute))
}

export const lockPath = (path: string): string => `${path}.lock`

/** What belongs to a store: itself, its log, its index. */
export const partsOf = (path: string): readonly string[] => [path, `${path}-wal`, `${path}-shm`]

/** A name for what is kept beside it: `vigia.db.corrupt-20260728T101500Z`; where that is taken, with a number behind it. */
export function asideName(path: string, why: 'corrupt' | 'before-restore', nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const name = `${path}.${why}-${stamp}`
  let count = 1
  while (existsSync(count === 1 ? name : `${name}-${count}`)) count += 1
  return count === 1 ? name : `${name}-${count}`
}

/** Moves all its parts. */
export function moveAside(path: string, aside: string): void {
  for (const [index, part] of partsOf(path).entries()) {
    if (existsSync(part)) renameSync(part, partsOf(aside)[index]!)
  }
  syncFolder(aside)
}

export function removeParts(path: string): void {
  for (const part of [...partsOf(path), `${path}-journal`]) rmSync(part, { force: true })
}

/**
 * Makes it, empty and for its owner only; or takes the permissions of others away. SQLite gives `-wal` and `-shm` the same. What root makes
 * is owned by who owns the folder: the service that runs as another user has to open what `sudo vigia restore` leaves there.
 */
export function ensurePrivate(path: string): void {
  if (existsSync(path)) {
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, PRIVATE)
    return
  }
  const fd = openSync(path, 'wx', PRIVATE)
  try {
    if (process.getuid?.() === 0) giveTo(fd, statSync(dirname(path)))
  } finally {
    closeSync(fd)
  }
  syncFolder(path)
}

/** For a file that no connection has open. */
function giveTo(fd: number, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  try {
    fchownSync(fd, uid, gid)
  } catch {
    // Root that may not: in a container, or on a share.
  }
}

export function syncFile(path: string): void {
  const fd = openSync(path, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A rename or a new name is durable only when the folder is. */
export function syncFolder(path: string): void {
  const fd = openSync(dirname(path), 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
