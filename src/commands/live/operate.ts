// vigia drain, disable, enable, failback: asks a running vigia for a change, and prints what came of it in a line per upstream.

import type { PoolReport } from '../../admin/contract/pools.ts'
import type { UpstreamReport } from '../../admin/contract/upstreams.ts'
import { changeLine, poolLine } from '../words/drain-lines.ts'
import { ASKED } from '../words/exit-codes.ts'
import { userName } from '../words/user-name.ts'
import { fetchStatus, postChange, RefusedByVigia, Unreachable } from './client/admin-client.ts'

export type Verb = 'drain' | 'disable' | 'enable' | 'failback'

export interface OperateOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  /** Print the resulting state as it came. */
  readonly json: boolean
  readonly reason?: string
  readonly deadline?: string
  readonly force?: boolean
  /** Also in a change freeze. */
  readonly override?: boolean
  /** Also where the store can't record it now. */
  readonly unrecorded?: boolean
  /** Default: the user of the operating system. */
  readonly by?: string
}

/** `POOL` or `POOL/UPSTREAM`; the pool may be ALL_POOLS. */
export interface Place {
  readonly pool: string
  readonly upstream: string | undefined
}

/** In the place of a pool: every one that has an upstream of that name, which is one machine. */
export const ALL_POOLS = '*'

/** Undefined where it is neither POOL nor POOL/UPSTREAM. */
export function parsePlace(text: string): Place | undefined {
  const [pool, upstream, ...rest] = text.split('/')
  if (!pool || upstream === '' || rest.length > 0 || (pool === ALL_POOLS && upstream === undefined)) return undefined
  return { pool, upstream }
}

/** Resolves with the exit code; where it is 0, the change is made. */
export async function operate(verb: Verb, target: string, options: OperateOptions): Promise<number> {
  const place = parsePlace(target)
  if (place === undefined || (verb === 'failback' && place.upstream !== undefined)) {
    const wanted = verb === 'failback' ? 'POOL' : 'POOL, POOL/UPSTREAM or */UPSTREAM'
    console.error(`vigia: ${JSON.stringify(target)} is not ${wanted}`)
    return ASKED.unreachable
  }
  const { admin, json, reason, deadline, force, override, unrecorded, by = userName() } = options
  const wish = {
    by,
    ...defined({ reason, deadline }),
    ...(force === true ? { force } : {}),
    ...(override === true ? { override } : {}),
    ...(unrecorded === true ? { unrecorded } : {}),
  }
  try {
    if (place.pool !== ALL_POOLS) {
      const state = await postChange(admin, pathOf(place, verb), wish)
      if (json) console.log(JSON.stringify(state, null, 2))
      else for (const line of linesOf(place, verb, state)) console.log(line)
      return ASKED.done
    }
    return await everywhere(verb, place.upstream!, options, wish)
  } catch (error) {
    return failed(`${verb} ${target}`, error)
  }
}

/** One after the other; what is refused in one pool keeps none of the others from it, and makes the exit code. */
async function everywhere(verb: Verb, upstream: string, options: OperateOptions, wish: object): Promise<number> {
  const { admin, json } = options
  const { pools } = await fetchStatus(admin)
  const places = pools
    .filter(pool => pool.upstreams.some(({ name }) => name === upstream))
    .map(pool => ({ pool: pool.name, upstream }))
  if (places.length === 0) throw new RefusedByVigia(`no pool has an upstream ${JSON.stringify(upstream)}`)
  const states: unknown[] = []
  let code: number = ASKED.done
  for (const place of places) {
    try {
      const state = await postChange(admin, pathOf(place, verb), wish)
      states.push(state)
      if (!json) for (const line of linesOf(place, verb, state)) console.log(line)
    } catch (error) {
      if (!(error instanceof RefusedByVigia)) throw error
      code = failed(`${verb} ${place.pool}/${upstream}`, error)
    }
  }
  if (json) console.log(JSON.stringify(states, null, 2))
  return code
}

/** Prints the one line and resolves the exit code; what is no answer of vigia is thrown on. */
export function failed(what: string, error: unknown): number {
  if (error instanceof RefusedByVigia) {
    console.error(
      `vigia: ${what} is refused: ${error.message.replace(/ask with (force|override|unrecorded)/, 'ask with --$1')}`,
    )
    return ASKED.refused
  }
  if (!(error instanceof Unreachable)) throw error
  console.error(`vigia: ${error.message}`)
  return ASKED.unreachable
}

function pathOf({ pool, upstream }: Place, verb: Verb): string {
  const below = upstream === undefined ? '' : `/upstreams/${encodeURIComponent(upstream)}`
  return `/pools/${encodeURIComponent(pool)}${below}/${verb}`
}

function linesOf({ pool, upstream }: Place, verb: Verb, state: unknown): string[] {
  const now = Date.now()
  if (upstream !== undefined) return upstreamLines(pool, state as UpstreamReport, now)
  const report = state as PoolReport
  return verb === 'failback' ? [poolLine(report)] : report.upstreams.flatMap(each => upstreamLines(pool, each, now))
}

function upstreamLines(pool: string, upstream: UpstreamReport, nowMs: number): string[] {
  const isUnrecorded = upstream.holds.some(({ recorded }) => recorded === false)
  const remark = '  not recorded yet: a restart of vigia would forget it until the store can be written again'
  return [changeLine(pool, upstream, nowMs), ...(isUnrecorded ? [remark] : [])]
}

function defined(options: { readonly [name: string]: string | undefined }): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
