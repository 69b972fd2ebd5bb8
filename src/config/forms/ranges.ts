// Lists of addresses and CIDR ranges, as several parts have them: their form, and which of them are everyone.

import { isIP } from 'node:net'
import { error, type Finding, type Path, quote, warning } from './problem.ts'
import { text } from './schema-blocks.ts'

const FORM = 'expected one such as 10.1.2.3, 10.0.0.0/8 or fd00::/8'

/** The schema of one entry. */
export function range(description = 'Address or CIDR range.') {
  return text('an address or range such as 10.0.0.0/8', description)
}

/** @param ifEveryone warns of a range that is every address, with these words; undefined = it may be meant */
export function* checkRanges(ranges: readonly string[], at: Path, ifEveryone?: string): Iterable<Finding> {
  for (const [i, each] of ranges.entries()) {
    if (!isRange(each)) yield error([...at, i], `${quote(each)} is not an address or range, ${FORM}`)
    else if (ifEveryone !== undefined && isEveryone(each)) yield warning([...at, i], ifEveryone)
  }
}

/** An address or a range such as 10.0.0.0/8 or fd00::/8. */
export function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

/** Whether a range is every address of its family. */
export function isEveryone(range: string): boolean {
  return /\/0+$/.test(range)
}
