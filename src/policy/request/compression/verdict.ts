// Whether an answer is compressed. Never one that must not be changed, that is encoded already, or that is a part; only one of a type and a
// size that pay. Decided from the heads of request and answer alone, so that HEAD says what GET does.

import { FIELD } from '../../../http/field-names.ts'
import { type Fields, fieldValue, fieldValues, firstValue } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import type { Coding, CompressionPlan } from '../../../plan/compression.ts'
import { type AcceptedCoding, acceptedCoding } from './accept-encoding.ts'

/** What of a request bears on it. */
export interface CompressionWish extends AcceptedCoding {
  /** RFC 9111 5.2.1.6. */
  readonly noTransform: boolean
  /** It brings a cookie or credentials. */
  readonly isSomebodys: boolean
}

/** untouched: it is passed on as it is; varies: it is not compressed, but for another client, or at another time, it could have been. */
export type CompressionVerdict = 'untouched' | 'varies' | Coding

/** They would be changed, and are for this hop only. */
const CHANGED = ['content-encoding', 'vary', 'etag']

const NO_CONTENT = 204
const RESET_CONTENT = 205
const PARTIAL_CONTENT = 206
const NOT_MODIFIED = 304

export function compressionWish(fields: Fields, plan: CompressionPlan): CompressionWish {
  return {
    ...acceptedCoding(fieldValues(fields, 'accept-encoding'), plan.codings),
    noTransform: hasDirective(fieldValues(fields, 'cache-control'), 'no-transform'),
    isSomebodys: fields.kinds.includes(FIELD.cookie) || fields.kinds.includes(FIELD.authorization),
  }
}

export function compressionVerdict(
  plan: CompressionPlan,
  wish: CompressionWish,
  { status, fields, length, options }: Pick<ResponseHead, 'status' | 'fields' | 'length' | 'options'>,
): CompressionVerdict {
  if (status === NO_CONTENT || status === RESET_CONTENT || length === 0) return 'untouched'
  if (options.nominated?.some(name => CHANGED.includes(name))) return 'untouched'
  const caching = fieldValues(fields, 'cache-control')
  if (hasDirective(caching, 'no-transform')) return 'untouched'
  // A signature may cover what would change (RFC 9421).
  if (fieldValue(fields, 'signature-input') !== undefined) return 'untouched'
  const type = firstValue(fields, FIELD.contentType)
  // A 304 need not say its type.
  if (type === undefined ? status !== NOT_MODIFIED : !isListed(type, plan.types)) return 'untouched'
  if (status === NOT_MODIFIED || status === PARTIAL_CONTENT || fieldValue(fields, 'content-range') !== undefined)
    return 'varies'
  if (wish.coding === undefined || wish.noTransform || isEncoded(fields)) return 'varies'
  if (plan.secrets && isOnesOwn(wish, fields, caching)) return 'varies'
  const pays = length < 0 || length >= plan.minBytes
  return pays || wish.refusesIdentity ? wish.coding : 'varies'
}

/** @param type value of Content-Type @param types see CompressionPlan */
function isListed(type: string, types: readonly string[]): boolean {
  const semicolon = type.indexOf(';')
  const essence = (semicolon < 0 ? type : type.slice(0, semicolon)).trim().toLowerCase()
  return types.some(each => {
    const star = each.indexOf('*')
    if (star < 0) return each === essence
    return (
      essence.length >= each.length && essence.startsWith(each.slice(0, star)) && essence.endsWith(each.slice(star + 1))
    )
  })
}

/** `identity` is no coding, and should not be named here (RFC 9110 8.4.1); it is read as what it means. */
function isEncoded(fields: Fields): boolean {
  const codings = fieldValues(fields, 'content-encoding')
  return codings !== undefined && !/^(?:[\t ,]|identity(?=[\t ,]|$))*$/i.test(codings)
}

/** It may hold what only one client may see: how well it is compressed could tell another (BREACH). */
function isOnesOwn(wish: CompressionWish, fields: Fields, caching: string | undefined): boolean {
  if (fieldValue(fields, 'set-cookie') !== undefined) return true
  return wish.isSomebodys && !hasDirective(caching, 'public')
}

/** Whether a directive stands in a value of Cache-Control, outside of quotes. */
function hasDirective(caching: string | undefined, name: string): boolean {
  if (caching === undefined) return false
  return caching
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .split(',')
    .some(each => each.trim().toLowerCase() === name)
}
