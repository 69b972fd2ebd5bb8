// One line of the access log as people read it in a terminal. Pure text.

import { printable } from '../text.ts'
import { localTime } from '../times.ts'
import { ms } from './request-words.ts'

/** What of a line is shown. */
export interface ShownEntry {
  readonly time: string
  readonly requestId: string
  readonly client: string
  readonly route: string
  readonly pool: string
  readonly upstream: string
  readonly method: string
  readonly host: string
  readonly path: string
  readonly status: number
  readonly totalMs: number
  readonly queueMs: number
  readonly attempts: number
  readonly proof: string
  readonly cache: string
  readonly end: string
}

/** `2026-11-28 03:27:46  502     89 ms  POST a.example/orders  erp/erp-1  in-doubt  556af343fa6d419a-1` */
export function logLine(entry: ShownEntry, zone: string): string {
  const { time, status, totalMs, method, host, path, pool, upstream, requestId } = entry
  const where = upstream === '' ? pool || '-' : `${pool}/${upstream}`
  const beginning = `${localTime(time, zone)}  ${status === 0 ? '---' : status}  ${ms(totalMs).padStart(8)}`
  return printable([beginning, `${method} ${host}${path}`, where, ...remarks(entry), requestId].join('  '))
}

function remarks({ attempts, proof, queueMs, cache, end }: ShownEntry): string[] {
  return [
    ...(end === 'complete' ? [] : [end]),
    ...(attempts > 1 ? [`${attempts} attempts${proof === '' ? '' : ` (${proof})`}`] : []),
    ...(queueMs > 0 ? [`queued ${ms(queueMs)}`] : []),
    ...(cache === '' ? [] : [`cache ${cache}`]),
  ]
}
