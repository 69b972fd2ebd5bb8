// What a round leaves behind, read once it is over: journals, store of keys, access log, vigia's own log. No judgement here.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuffersReport } from '../../src/admin/contract/buffers.ts'
import type { AccessEntry } from '../../src/proxy/access-log/access-entry.ts'
import type { Episode } from './fault-run.ts'
import type { JournalLine } from './modes.ts'
import type { OwnEpisode } from './own-faults.ts'
import type { Seen } from './requests.ts'
import type { RoundSetup } from './setup.ts'
import type { Conversation } from './talks.ts'

export interface LogLine {
  readonly level: string
  /** ISO 8601. */
  readonly time: string
  readonly msg: string
  readonly requestId?: string
  readonly upstream?: string
  readonly to?: string
}

export interface Evidence {
  readonly setup: RoundSetup
  readonly seen: readonly Seen[]
  readonly conversations: readonly Conversation[]
  readonly episodes: readonly Episode[]
  readonly ownEpisodes: readonly OwnEpisode[]
  /** By request id. */
  readonly journal: ReadonlyMap<string, readonly JournalLine[]>
  /** By request id: the node that carried it out. */
  readonly carriedOut: ReadonlyMap<string, string>
  /** By request id. */
  readonly access: ReadonlyMap<string, readonly AccessEntry[]>
  readonly log: readonly LogLine[]
  /** Request ids of vigia that the admin listener lists as in doubt; undefined = it has no such list. */
  readonly listedInDoubt: ReadonlySet<string> | undefined
  /** The pool's retry budget refused a retry at least once. */
  readonly budgetExhausted: boolean
  /** Of /status, at the end; undefined = no route buffers. */
  readonly buffers: BuffersReport | undefined
  /** TLS handshakes with clients that came to their end. */
  readonly handshakes: { readonly full: number; readonly resumed: number }
  /** GOAWAYs that clients got. */
  readonly toldToGo: number
}

export async function readJournals(files: readonly string[]): Promise<Map<string, JournalLine[]>> {
  const byId = new Map<string, JournalLine[]>()
  for (const file of files) {
    for (const line of await linesOf(file))
      push(byId, (JSON.parse(line) as JournalLine).id, JSON.parse(line) as JournalLine)
  }
  return byId
}

export async function readKeys(folder: string): Promise<Map<string, string>> {
  const carriedOut = new Map<string, string>()
  for (const name of await readdir(folder).catch(() => [])) {
    // What begins with a dot was being written when its node was killed: it did not count.
    if (name.startsWith('.')) continue
    const { id, node } = JSON.parse(await readFile(join(folder, name), 'utf8')) as { id: string; node: string }
    carriedOut.set(id, node)
  }
  return carriedOut
}

export async function readAccessLog(file: string): Promise<Map<string, AccessEntry[]>> {
  const byId = new Map<string, AccessEntry[]>()
  for (const line of await linesOf(file)) {
    const entry = JSON.parse(line) as AccessEntry
    push(byId, entry.path.slice(entry.path.lastIndexOf('/') + 1), entry)
  }
  return byId
}

export function readLog(text: string): LogLine[] {
  return text.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []))
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').filter(line => line !== '')
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
