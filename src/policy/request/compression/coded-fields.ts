// What compression makes of fields: those of an answer that is compressed, of one that could have been, and of the request that goes up.

import { FIELD, type Field } from '../../../http/field-names.ts'
import { type Fields, fieldValue } from '../../../http/fields.ts'
import type { Coding } from '../../../plan/compression.ts'
import { isKnownWeak, isStrongTag, type TagStyle, upstreamTags, weakTag } from './entity-tags.ts'

/** They speak of the bytes before they were compressed (RFC 9530, RFC 3230, RFC 2616 14.15), or of ranges of them. */
const OF_THE_BYTES = new Set([
  'content-length',
  'content-encoding',
  'content-digest',
  'repr-digest',
  'digest',
  'content-md5',
  'accept-ranges',
])
const NAME = 'Accept-Encoding'

/** Of an answer that is compressed. */
export function codedFields(fields: Fields, coding: Coding): Fields {
  const changed = rewritten(fields, (name, value) => {
    if (OF_THE_BYTES.has(name)) return undefined
    return name === 'etag' ? weakTag(value) : value
  })
  return variedFields(withField(changed, 'Content-Encoding', coding))
}

/** Of an answer that could have been compressed: who keeps it must know. */
export function variedFields(fields: Fields): Fields {
  const lists: number[] = []
  for (let i = 0; i < fields.names.length; i += 1) {
    if (fields.names[i]!.toLowerCase() !== 'vary') continue
    if (/(?:^|,)[\t ]*(?:\*|accept-encoding)[\t ]*(?:,|$)/i.test(fields.values[i]!)) return fields
    lists.push(i)
  }
  const at = lists.at(-1)
  if (at === undefined) return withField(fields, 'Vary', NAME)
  const listed = fields.values[at]!
  return { ...fields, values: fields.values.with(at, listed === '' ? NAME : `${listed}, ${NAME}`) }
}

/** Of a 304: the tag is that of the answer which the client has (RFC 9110 15.4.5). */
export function notModifiedFields(fields: Fields, ifNoneMatch: string | undefined): Fields {
  const tag = fieldValue(fields, 'etag')
  const isWeakened = tag !== undefined && ifNoneMatch !== undefined && isStrongTag(tag) && isKnownWeak(ifNoneMatch, tag)
  const own = isWeakened ? rewritten(fields, (name, value) => (name === 'etag' ? weakTag(value) : value)) : fields
  return variedFields(own)
}

/** Of a compressed body. */
export function codedTrailers(trailers: Fields): Fields {
  if (trailers.names.length === 0) return trailers
  return rewritten(trailers, (name, value) => (name === 'etag' || OF_THE_BYTES.has(name) ? undefined : value))
}

/** What a request's fields say that has to be put in other words for an upstream. */
export interface UpwardWish {
  /** Without Accept-Encoding. */
  readonly offload: boolean
  /** The client may have a compressed answer. */
  readonly mayHaveCoded: boolean
  readonly style: TagStyle
}

/** Of the request as the upstream is to get it; the same object where nothing is different. */
export function upwardFields(fields: Fields, { offload, mayHaveCoded, style }: UpwardWish): Fields {
  const condition = fieldValue(fields, 'if-range')
  // A date stands for both the compressed answer and the plain one, so it is weak (RFC 9110 8.8.1), and nothing is a part of what it stands
  // for (13.1.5): plain bytes would be put behind compressed ones.
  const noRange = condition !== undefined && mayHaveCoded && !isStrongTag(condition)
  let same = true
  const changed = rewritten(fields, (name, value) => {
    const now = upward(name, value)
    same &&= now === value
    return now
  })
  return same ? fields : changed

  function upward(name: string, value: string): string | undefined {
    switch (name) {
      case 'accept-encoding':
        return offload ? undefined : value
      case 'range':
      case 'if-range':
        return noRange ? undefined : value
      case 'if-match':
      case 'if-none-match':
        return upstreamTags(value, style)
      default:
        return value
    }
  }
}

/** @param change gets the lower-case name and the value; undefined = the field is left out */
function rewritten(fields: Fields, change: (name: string, value: string) => string | undefined): Fields {
  const names: string[] = []
  const values: string[] = []
  const kinds: Field[] = []
  for (let i = 0; i < fields.names.length; i += 1) {
    const name = fields.names[i]!
    const value = change(name.toLowerCase(), fields.values[i]!)
    if (value === undefined) continue
    names.push(name)
    values.push(value)
    kinds.push(fields.kinds[i]!)
  }
  return { names, values, kinds }
}

function withField({ names, values, kinds }: Fields, name: string, value: string): Fields {
  return { names: [...names, name], values: [...values, value], kinds: [...kinds, FIELD.other] }
}
