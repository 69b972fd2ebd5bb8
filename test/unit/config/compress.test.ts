// Compression: what it compiles to, and every way to get it wrong, in words.

import { describe, expect, test } from 'vitest'
import type { CompressionPlan } from '../../../src/plan/compression.ts'
import { type Case, expectEach } from './cases.ts'
import { documentOf, type Parts, snapshotOf } from './support.ts'

const route = (compress: string): Parts => ({ routes: `- { pool: erp, compress: ${compress} }` })

function compressOf(own: string | undefined, all?: string): CompressionPlan | undefined {
  const more = all === undefined ? {} : { more: `compress: ${all}` }
  return snapshotOf(documentOf({ ...(own === undefined ? {} : route(own)), ...more })).routes[0]!.compress
}

describe('compress', () => {
  test('is off where nobody says so', () => {
    expect(compressOf(undefined)).toBeUndefined()
    expect(compressOf('false', 'true')).toBeUndefined()
    expect(compressOf(undefined, '{ level: small }')?.level).toBe('small')
  })

  test('has defaults that pay', () => {
    expect(compressOf('{}')).toEqual(compressOf('true'))
    expect(compressOf('true')).toEqual({
      types: expect.arrayContaining(['text/*', 'application/json', 'image/svg+xml']),
      minBytes: 1024,
      codings: ['zstd', 'br', 'gzip'],
      level: 'fast',
      offload: false,
      secrets: false,
    })
  })

  test('of a route goes before that of all, key by key', () => {
    const all = '{ level: small, minBytes: 4KiB, types: [Text/CSV] }'
    expect(compressOf('true', all)).toMatchObject({ level: 'small', minBytes: 4096, types: ['text/csv'] })
    expect(compressOf('{ level: fast, secrets: true }', all)).toMatchObject({
      ...{ level: 'fast', secrets: true, minBytes: 4096, types: ['text/csv'] },
    })
    expect(compressOf('{ offload: true }', 'false')).toMatchObject({ level: 'fast', offload: true })
  })

  const at = 'routes[0].compress'
  const cases: Case[] = [
    [
      'a word for it of another product',
      { routes: '- { pool: erp, gzip: true }' },
      '4:18: routes[0].gzip: unknown key, did you mean "compress"?',
    ],
    [
      'keys of another product',
      route('{ gzip_types: [text/css] }'),
      `4:30: ${at}.gzip_types: unknown key, did you mean "types"?`,
    ],
    [
      'a coding that there is not',
      route('{ codings: [gzip, deflate] }'),
      `4:46: ${at}.codings[1]: "deflate" is not valid here, expected one of zstd, br, gzip`,
    ],
    ['a coding twice', route('{ codings: [gzip, gzip] }'), `4:46: warning: ${at}.codings[1]: "gzip" is listed before`],
    [
      'a type that is none',
      route('{ types: [json] }'),
      `4:38: ${at}.types[0]: "json" is not valid here, expected a media type such as text/csv, text/* or application/*+json`,
    ],
    [
      'types that are compressed in themselves',
      route('{ types: [text/*, image/*, application/pdf, font/woff2, image/svg+xml] }'),
      `4:46: warning: ${at}.types[1]: "image/*" is compressed in itself: to do it again costs time and saves nothing`,
      `4:55: warning: ${at}.types[2]: "application/pdf" is compressed in itself: to do it again costs time and saves nothing`,
      `4:72: warning: ${at}.types[3]: "font/woff2" is compressed in itself: to do it again costs time and saves nothing`,
    ],
    [
      'a type twice',
      route('{ types: [text/css, Text/CSS] }'),
      `4:48: warning: ${at}.types[1]: "Text/CSS" is listed before`,
    ],
    [
      'a size without a unit',
      { more: 'compress: { minBytes: 1000 }' },
      '10:23: compress.minBytes: 1000 is not valid here, expected a size such as 512B, 64KiB, 8MiB or 1GiB, or 0 (none is too short)',
    ],
  ]
  expectEach(cases)
})
