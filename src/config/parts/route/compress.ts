// How answers are compressed: of a route, and of all routes that say nothing of their own.

import Type, { type Static } from 'typebox'
import type { CompressionPlan } from '../../../plan/compression.ts'
import { type Around, inherited, type LongForms, type Mapping, type Otherwises } from '../../forms/otherwise.ts'
import { type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import { boolean, described, section, size } from '../../forms/schema-blocks.ts'
import { parseSize } from '../../forms/units.ts'

/** Text, and what is written in text; no font, image, archive or office file that is compressed in itself. */
const TYPES = [
  'text/*',
  'application/json',
  'application/*+json',
  'application/x-ndjson',
  'application/javascript',
  'application/x-javascript',
  'application/xml',
  'application/*+xml',
  'application/wasm',
  'image/svg+xml',
  'image/bmp',
  'font/ttf',
  'font/otf',
  'application/vnd.ms-fontobject',
]
const DEFAULTS = {
  minBytes: '1KiB',
  codings: ['zstd', 'br', 'gzip'],
  level: 'fast',
  offload: false,
  secrets: false,
} as const

const TYPE = '[A-Za-z0-9!#$&^_.+-]+'
const TYPE_PATTERN = `^${TYPE}/(?:${TYPE}|\\*(?:\\+${TYPE})?)$`

const settings = section(
  {
    types: Type.Optional(
      Type.Array(
        Type.String({ pattern: TYPE_PATTERN, title: 'a media type such as text/csv, text/* or application/*+json' }),
        {
          minItems: 1,
          title: 'a list of at least one media type such as text/*',
          description: `Content-Type of the answers that are compressed, whatever their parameters; a * stands for any subtype, or for what comes before its suffix. Default: ${TYPES.join(', ')}.`,
        },
      ),
    ),
    minBytes: Type.Optional(
      size(
        'Size. A shorter answer is sent as it is; one whose length is not known is compressed.',
        DEFAULTS.minBytes,
        'none is too short',
      ),
    ),
    codings: Type.Optional(
      Type.Array(
        Type.Union([Type.Literal('zstd'), Type.Literal('br'), Type.Literal('gzip')], {
          title: 'one of zstd, br, gzip',
        }),
        {
          minItems: 1,
          title: 'a list of zstd, br, gzip',
          description: `Content codings that vigia applies, as the client accepts them (Accept-Encoding with its weights); of those that it likes equally the first. Default: ${DEFAULTS.codings.join(', ')}.`,
        },
      ),
    ),
    level: Type.Optional(
      Type.Union([Type.Literal('fast'), Type.Literal('balanced'), Type.Literal('small')], {
        title: 'one of fast, balanced, small',
        ...described(
          'How much time is spent on it: fast = zstd 1, br 1, gzip 1; balanced = zstd 3, br 4, gzip 5, which takes about 2 to 4 times the time and saves another 5 to 15 %; small = zstd 6, br 5, gzip 6, 4 to 8 times.',
          DEFAULTS.level,
        ),
      }),
    ),
    offload: Type.Optional(
      boolean(
        'Keep Accept-Encoding from upstreams, so that they send everything uncompressed and leave the work to vigia. false = it is passed on, and what an upstream has compressed is sent as it is.',
        DEFAULTS.offload,
      ),
    ),
    secrets: Type.Optional(
      boolean(
        "Declares that answers hold secrets, such as CSRF tokens, beside what a request may say: how well both compress together can tell an attacker the secret (BREACH). Effect: compressed is only what is nobody's own: an answer without Set-Cookie to a request without Cookie and Authorization, or one that says `Cache-Control: public`.",
        DEFAULTS.secrets,
      ),
    ),
  },
  'Settings of the compression.',
  { title: 'a mapping with `types`, `minBytes`, `codings`, `level`, `offload` or `secrets`' },
)

function schemaOf(description: string, fallback: string) {
  return Type.Union([Type.Boolean(), settings], {
    title: 'true, false, or a mapping with `types`, `minBytes`, `codings`, `level`, `offload` or `secrets`',
    description: `${description} Default: ${fallback}.`,
  })
}

export const compressSchema = schemaOf(
  "Compress answers (zstd, br, gzip) for clients that accept it. Effect: such an answer gets Content-Encoding and Vary: Accept-Encoding; a strong ETag becomes a weak one, and what clients send back of it (If-None-Match, If-Match) is turned into the upstream's own again; Accept-Ranges and digests of the plain bytes go. Never touched: what is compressed already, parts (206), answers with no-transform or a signature, and, but for Vary, those to requests with no-transform. Answers are compressed as they come, event streams too. true = with the settings of the top level.",
  'what the top-level `compress` says',
)

export const compressAllSchema = schemaOf(
  '`compress` of all routes that say nothing of it, and settings for those that do.',
  'false',
)

export type CompressDocument = Static<typeof compressSchema>

export function* checkCompress(compress: CompressDocument | undefined, at: Path): Iterable<Finding> {
  if (typeof compress !== 'object') return
  const { types = [], codings = [] } = compress
  yield* repeated(types, [...at, 'types'])
  yield* repeated(codings, [...at, 'codings'])
  for (const [i, type] of types.entries()) {
    if (isCompressed(type.toLowerCase()))
      yield warning(
        [...at, 'types', i],
        `${quote(type)} is compressed in itself: to do it again costs time and saves nothing`,
      )
  }
}

function* repeated(list: readonly string[], at: Path): Iterable<Finding> {
  const lower = list.map(each => each.toLowerCase())
  for (const [i, each] of lower.entries())
    if (lower.indexOf(each) < i) yield warning([...at, i], `${quote(list[i]!)} is listed before`)
}

/** @param otherwise of the top level */
export function compileCompress(
  own: CompressDocument | undefined,
  otherwise: CompressDocument | undefined,
): CompressionPlan | undefined {
  const said = own ?? otherwise ?? false
  if (said === false) return undefined
  const { types, minBytes, ...rest } = {
    ...DEFAULTS,
    types: TYPES,
    ...(typeof otherwise === 'object' ? otherwise : {}),
    ...(typeof said === 'object' ? said : {}),
  }
  return { ...rest, types: types.map(type => type.toLowerCase()), minBytes: parseSize(minBytes)! }
}

function isCompressed(type: string): boolean {
  const isImage =
    /^(?:image|video|audio)\//.test(type) &&
    !/^(?:image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon|tiff|\*\+xml)|audio\/(?:x-)?wav)$/.test(type)
  return (
    isImage ||
    /^(?:font\/woff2?|application\/(?:zip|gzip|x-7z-compressed|pdf|vnd\.openxmlformats-.*|vnd\.oasis\..*))$/.test(type)
  )
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_COMPRESS = { 'compress.minBytes': 'compress.minBytes' }

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_COMPRESS: Otherwises = {
  compress: () => ({ value: false, by: 'default' }),
  'compress.types': () => ({ value: TYPES, by: 'default' }),
  'compress.codings': () => ({ value: DEFAULTS.codings, by: 'default' }),
  'routes[].compress': around => inherited(around, ['compress']),
  ...Object.fromEntries(
    Object.keys({ ...DEFAULTS, types: TYPES }).map(key => [
      `routes[].compress.${key}`,
      // Off at the top level: then the defaults are its own.
      (around: Around) => inherited(around, ['compress', key]) ?? OTHERWISE_IN_COMPRESS[`compress.${key}`]?.(around),
    ]),
  ),
}

export const LONG_FORMS_OF_COMPRESS: LongForms = { compress: on, 'routes[].compress': on }

function on(short: unknown): Mapping | undefined {
  return short === true ? {} : undefined
}
