// Which of several answers to one URI a request gets: Vary (RFC 9111 4.1), with Accept-Encoding in a form in which browsers agree.

import { type Fields, fieldValues } from '../../http/fields.ts'

/** Whatever an answer varies by these, it is one user's. */
const PERSONAL = new Set(['*', 'cookie', 'authorization', 'proxy-authorization'])
const MOST_NAMES = 8
const CODINGS = ['br', 'gzip', 'zstd']
const MEMBER = /^(br|gzip|x-gzip|zstd|deflate|identity)(?:\s*;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/

/** The names that an answer varies by, in lower case and in order. @returns undefined where nobody else may get it */
export function variesBy(vary: string | undefined): readonly string[] | undefined {
  if (vary === undefined) return []
  const names = [...new Set(vary.split(',').map(name => name.trim().toLowerCase()))].filter(name => name !== '').sort()
  return names.length > MOST_NAMES || names.some(name => PERSONAL.has(name)) ? undefined : names
}

/** What a request says of these names, as one text. */
export function variantOf(names: readonly string[], fields: Fields): string {
  return names.map(name => `${name}:${saidOf(name, fields)}`).join('\n')
}

function saidOf(name: string, fields: Fields): string {
  const value = fieldValues(fields, name)
  return name === 'accept-encoding' ? codingsOf(value) : (value ?? '')
}

/**
 * The codings that a client takes, whatever it likes best: `gzip, deflate, br` and `br;q=1.0, gzip;q=0.8` get the same answer. What is said in
 * any other way stays as it is.
 */
export function codingsOf(value: string | undefined): string {
  if (value === undefined) return ''
  const taken = new Set<string>()
  for (const member of value.toLowerCase().split(',')) {
    const match = MEMBER.exec(member.trim())
    if (!match) return value
    const [, coding, weight] = match
    const isRefused = weight !== undefined && Number(weight) === 0
    if (isRefused && coding === 'identity') return value
    if (!isRefused) taken.add(coding!.replace('x-', ''))
  }
  return CODINGS.filter(coding => taken.has(coding)).join(',')
}
