// Lists of who may and who may not, in which the first entry that holds decides, as vigia's access, in which a denial always goes first.

import { isIP, isIPv6 } from 'node:net'
import { inRanges } from '../../util/address-ranges.ts'
import type { Access } from './draft.ts'

export interface Rule {
  readonly allow: boolean
  /** An address, a range, or `all`. */
  readonly who: string
}

/** @returns undefined = vigia's access can't say the same; without keys: everyone gets in */
export function accessFrom(rules: readonly Rule[]): Access | 'nobody' | undefined {
  const end = rules.findIndex(({ who }) => who === 'all')
  const before = end === -1 ? rules : rules.slice(0, end)
  const closed = end !== -1 && !rules[end]!.allow
  const allow: string[] = []
  const deny: string[] = []
  for (const rule of before) {
    const [who] = rangesOf(rule.who)
    if (who === undefined) return undefined
    if (rule.allow) {
      // Denied before: it stays so.
      if (!deny.some(range => contains(range, who))) allow.push(who)
    } else if (allow.some(range => overlaps(range, who))) {
      if (!allow.some(range => contains(range, who))) return undefined
    } else deny.push(who)
  }
  if (closed && allow.length === 0) return 'nobody'
  // All but those that are allowed are denied anyway.
  const kept = closed ? deny.filter(range => allow.some(other => overlaps(range, other))) : deny
  return { ...(closed ? { allow } : {}), ...(kept.length > 0 ? { deny: kept } : {}) }
}

/** As vigia's configuration has it: `10.0.0.0/255.0.0.0` is `10.0.0.0/8`; nothing where it is neither address nor range. */
export function rangesOf(text: string): string[] {
  const [address = '', bits, ...rest] = text.replace(/^\[|\]$/g, '').split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return []
  if (bits === undefined) return [address]
  if (/^\d{1,3}$/.test(bits)) return Number(bits) <= (version === 4 ? 32 : 128) ? [`${address}/${bits}`] : []
  if (version !== 4 || isIP(bits) !== 4) return []
  const mask = bits
    .split('.')
    .map(Number)
    .reduce((all, byte) => all * 256 + byte, 0)
  const ones = mask.toString(2).padStart(32, '0')
  return /^1*0*$/.test(ones) ? [`${address}/${ones.lastIndexOf('1') + 1}`] : []
}

function contains(wide: string, narrow: string): boolean {
  return bitsOf(narrow) >= bitsOf(wide) && inRanges([wide])(addressOf(narrow))
}

function overlaps(a: string, b: string): boolean {
  return contains(a, b) || contains(b, a)
}

function bitsOf(range: string): number {
  const bits = range.includes('/') ? Number(range.slice(range.indexOf('/') + 1)) : undefined
  return isIPv6(addressOf(range)) ? (bits ?? 128) : 96 + (bits ?? 32)
}

function addressOf(range: string): string {
  return range.split('/', 1)[0]!
}
