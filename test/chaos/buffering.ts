// Buffering in a round: what the seed draws of it, and what its figures must say afterwards.

import type { BuffersReport } from '../../src/admin/contract/buffers.ts'
import { branch, pick, type Random } from '../support/random.ts'
import type { Evidence } from './evidence.ts'
import type { Seen } from './requests.ts'

/** `tiny`: on, with so little memory for each body that all but the smallest go to files; `short`: nor is much of one buffered. */
type Drawn = 'off' | 'auto' | 'on' | 'tiny' | 'short'

export interface Buffering {
  readonly request: Drawn
  readonly response: Drawn
  /** `buffer` of the pool. */
  readonly buffer: unknown
  /** `buffers.disk`. */
  readonly disk: string
}

const AMPLE_DISK = '2GiB'

export function drawBuffering(seed: number): Buffering {
  const random = branch(seed, 'buffer')
  const [request, response] = [drawOne(random), drawOne(random)]
  const disk = pick([AMPLE_DISK, AMPLE_DISK, '2MiB'], random)
  return { request, response, buffer: { request: keysOf(request), response: keysOf(response) }, disk }
}

function drawOne(random: Random): Drawn {
  return pick(['off', 'auto', 'on', 'tiny', 'tiny', 'short'], random)
}

function keysOf(drawn: Drawn): unknown {
  if (drawn === 'tiny') return { memory: '4KiB' }
  return drawn === 'short' ? { memory: '4KiB', max: '64KiB' } : drawn
}

/** Whether each body of a request is kept for another attempt, however long it is. */
export function keepsBodies({ setup, buffers }: Evidence): boolean {
  const { request, disk } = setup.buffering
  return (request === 'on' || request === 'tiny') && disk === AMPLE_DISK && !hadTroubles(buffers)
}

/** 11. Where buffering is on it was used, where it is off it was not. */
export function judgeBuffers({ setup, buffers, seen }: Evidence): string[] {
  const { request, response } = setup.buffering
  if (buffers === undefined) return request === 'off' && response === 'off' ? [] : ['/status has no buffers']
  const { requests, answers, answerBytes, spooledBytes } = buffers
  const found: string[] = []
  const expectUse = (drawn: Drawn, isDue: boolean, used: number, what: string) => {
    if (drawn === 'off' && used > 0) found.push(`${used} ${what}, although it is off`)
    if (drawn !== 'off' && drawn !== 'auto' && isDue && used === 0) found.push(`no ${what}`)
  }
  const uploads = seen.some(each => isLongUpload(each) && each.status === 200)
  const slow = seen.some(
    each => isSlow(each) && each.protocol === 'h2' && each.status === 200 && each.end === 'answered',
  )
  expectUse(request, uploads, requests, 'bodies gathered')
  expectUse(response, slow, answers, 'answers buffered')
  expectUse(response, slow, answerBytes, 'bytes of answers that waited')
  const spools = (request === 'tiny' && uploads) || (response === 'tiny' && slow)
  if (spools && spooledBytes === 0 && !hadTroubles(buffers)) found.push('nothing was written to a file')
  return found
}

function hadTroubles(buffers: BuffersReport | undefined): boolean {
  return Object.keys(buffers?.troubles ?? {}).length > 0
}

/** Too long to come together with its head. */
function isLongUpload({ kind }: Seen): boolean {
  return kind === 'upload' || kind === 'put-large'
}

function isSlow({ kind }: Seen): boolean {
  return kind === 'slow' || kind === 'slow-post'
}
