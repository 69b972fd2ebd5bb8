// vigia weight: asks a running vigia to give an upstream another weight than the configured one, or to take that back.

import type { UpstreamReport } from '../../admin/contract/upstreams.ts'
import { ASKED } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { userName } from '../words/user-name.ts'
import { postChange } from './client/admin-client.ts'
import { failed, type OperateOptions, parsePlace } from './operate.ts'

const MOST = 1000

/** Undefined where it is neither N, N% nor reset. */
export function parseWeight(
  text: string,
): { readonly weight: number | null } | { readonly percent: number } | undefined {
  if (text === 'reset') return { weight: null }
  const [, digits, sign] = /^(\d{1,4}(?:\.\d{1,3})?)(%?)$/.exec(text) ?? []
  const value = Number(digits)
  if (digits === undefined || value > MOST) return undefined
  return sign === '%' ? { percent: value } : { weight: value }
}

/** Resolves with the exit code; where it is 0, the change is made. */
export async function weight(target: string, wanted: string, options: OperateOptions): Promise<number> {
  const place = parsePlace(target)
  const wish = parseWeight(wanted)
  if (place?.upstream === undefined || wish === undefined) {
    const wrong = place?.upstream === undefined ? `${JSON.stringify(target)} is not POOL/UPSTREAM` : undefined
    console.error(`vigia: ${wrong ?? `${JSON.stringify(wanted)} is not a weight: N or N% (0 to ${MOST}), or reset`}`)
    return ASKED.unreachable
  }
  const { admin, json, reason, force, override, by = userName() } = options
  const path = `/pools/${encodeURIComponent(place.pool)}/upstreams/${encodeURIComponent(place.upstream)}/weight`
  try {
    const state = (await postChange(admin, path, {
      ...wish,
      reason,
      by,
      ...(force ? { force } : {}),
      ...(override ? { override } : {}),
    })) as UpstreamReport
    console.log(json ? JSON.stringify(state, null, 2) : line(place.pool, state))
    return ASKED.done
  } catch (error) {
    return failed(`weight ${target}`, error)
  }
}

function line(
  pool: string,
  { name, state, weight: configured, effectiveWeight, weightOverride }: UpstreamReport,
): string {
  const now =
    weightOverride === null
      ? `weight ${configured}, as configured`
      : `weight ${weightOverride.weight} in the place of ${configured}`
  const less =
    effectiveWeight === (weightOverride?.weight ?? configured) ? '' : `; gets ${effectiveWeight} at the moment`
  return `${printable(pool)}/${printable(name)} is ${state}: ${now}${less}`
}
