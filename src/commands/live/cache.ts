// vigia cache: what a running vigia has cached, in numbers or one by one, and a purge of it.

import type { CacheEntryReport, CacheList, CacheReport } from '../../admin/contract/cache.ts'
import { formatSize } from '../../config/forms/units.ts'
import { ASKED } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { userName } from '../words/user-name.ts'
import { fetchJson, postChange } from './client/admin-client.ts'
import { failed } from './operate.ts'

export interface CacheOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
}

interface Selecting extends CacheOptions {
  readonly host?: string
  readonly path?: string
  readonly pool?: string
}

export interface CacheListOptions extends Selecting {
  readonly limit: string
}

export interface PurgeOptions extends Selecting {
  readonly all: boolean
  readonly reason: string
  readonly by?: string
  readonly unrecorded?: boolean
}

/** Resolves with the exit code. */
export async function cacheStat({ admin, json }: CacheOptions): Promise<number> {
  try {
    const report = (await fetchJson(admin, '/cache')) as CacheReport
    console.log(json ? JSON.stringify(report, null, 2) : statLine(report))
    return ASKED.done
  } catch (error) {
    return failed('cache', error)
  }
}

/** Resolves with the exit code. */
export async function cacheEntries({ admin, json, limit, ...selecting }: CacheListOptions): Promise<number> {
  try {
    const query = new URLSearchParams({ ...selectionOf(selecting), limit })
    const found = (await fetchJson(admin, `/cache/entries?${query}`)) as CacheList
    if (json) console.log(JSON.stringify(found, null, 2))
    else {
      for (const entry of found.entries) console.log(entryLine(entry))
      console.log(`${found.entries.length} of ${found.total}`)
    }
    return ASKED.done
  } catch (error) {
    return failed('cache list', error)
  }
}

/** Resolves with the exit code; where it is 0, they are gone. */
export async function cachePurge(options: PurgeOptions): Promise<number> {
  const { admin, json, all, reason, by = userName(), unrecorded, ...selecting } = options
  try {
    const body = { ...selectionOf(selecting), ...(all && { all }), reason, by, ...(unrecorded && { unrecorded }) }
    const done = (await postChange(admin, '/cache/purge', body)) as { readonly purged: number }
    console.log(json ? JSON.stringify(done, null, 2) : `${done.purged} purged`)
    return ASKED.done
  } catch (error) {
    return failed('cache purge', error)
  }
}

function selectionOf({ host, path, pool }: Pick<Selecting, 'host' | 'path' | 'pool'>): Record<string, string> {
  return {
    ...(host !== undefined && { host }),
    ...(path !== undefined && { path }),
    ...(pool !== undefined && { pool }),
  }
}

function statLine({ entries, bytes, capacityBytes, oldestS, evicted }: CacheReport): string {
  const oldest = oldestS === null ? '' : `, the oldest stored ${oldestS} s ago`
  return `${entries} stored, ${formatSize(bytes)} of ${formatSize(capacityBytes)}${oldest}; ${evicted} had to go for others`
}

function entryLine({ pool, scheme, host, target, bytes, hits, ageS, freshS }: CacheEntryReport): string {
  const fresh = ageS < freshS ? `fresh for ${freshS - ageS} s` : `stale for ${ageS - freshS} s`
  return `${printable(`${scheme}://${host}${target}`)}  ${formatSize(bytes)}, ${hits} hits, ${fresh} (${printable(pool)})`
}
