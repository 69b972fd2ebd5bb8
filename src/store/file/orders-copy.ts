// A copy of what people have ordered, and of secrets, beside the store: `vigia.db.orders`. It is what counts at a start where the store
// itself can't be read, so that nobody serves whom somebody has taken out, and certificates are there. Written whole or not at all, for
// its owner only; bounded both ways.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import type { Override, StoredSecret, StoredWindow } from '../contract.ts'
import { syncFolder } from './file-names.ts'

/** What must survive a restart. */
export interface StoredOrders {
  readonly overrides: readonly Override[]
  readonly windows: readonly StoredWindow[]
  readonly secrets: readonly StoredSecret[]
}

/** Hundreds of windows with all their facts are less. */
const MOST_BYTES = 8 * 1024 * 1024
const PRIVATE = 0o600
const VERSION = 1
/** Never through a link, never waiting for a pipe. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** @param path of the store, as the configuration has it */
export function copyPath(path: string): string {
  return `${path}.orders`
}

export function copyText({ overrides, windows, secrets }: StoredOrders): string {
  return JSON.stringify({ version: VERSION, overrides, windows, secrets })
}

/** Throws what the file system says, and RangeError for more than fits. */
export function writeCopy(path: string, text: string): void {
  if (Buffer.byteLength(text) > MOST_BYTES) throw new RangeError(`more than ${MOST_BYTES} bytes of orders`)
  const fresh = `${path}.new`
  rmSync(fresh, { force: true })
  const fd = openSync(fresh, 'wx', PRIVATE)
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(fresh, path)
  syncFolder(path)
}

/** Undefined = there is none that can be read. */
export function readCopy(path: string): StoredOrders | undefined {
  try {
    const fd = openSync(path, READ)
    try {
      const about = fstatSync(fd)
      return about.isFile() && about.size <= MOST_BYTES ? parseCopy(readFileSync(fd, 'utf8')) : undefined
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined
  }
}

/** As `readCopy`, for a thread that must not wait for a disk. Never rejects. */
export async function fetchCopy(path: string): Promise<StoredOrders | undefined> {
  try {
    await using file = await open(path, READ)
    const about = await file.stat()
    return about.isFile() && about.size <= MOST_BYTES ? parseCopy(await file.readFile('utf8')) : undefined
  } catch {
    return undefined
  }
}

/** What an order means is looked at by whoever takes it over. */
function parseCopy(text: string): StoredOrders | undefined {
  // Earlier versions had no secrets.
  const { version, overrides, windows, secrets = [] } = JSON.parse(text) as Record<string, unknown>
  if (version !== VERSION || !Array.isArray(overrides) || !Array.isArray(windows) || !Array.isArray(secrets))
    return undefined
  const isText = (value: unknown) => typeof value === 'string'
  return {
    overrides: (overrides as Override[]).filter(
      each => isText(each?.pool) && isText(each.kind) && (each.upstream === undefined || isText(each.upstream)),
    ),
    windows: (windows as StoredWindow[]).filter(each => isText(each?.id)),
    secrets: (secrets as StoredSecret[]).filter(each => isText(each?.id)),
  }
}
