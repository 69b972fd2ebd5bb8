// What vigia's own pages say beside their words: whose they are, whom to call, and a text of one's own.

import Type, { type Static } from 'typebox'
import type { Language, PagesPlan } from '../../plan/pages.ts'
import type { Contents, NamedFile } from '../forms/named-file.ts'
import { type Around, inherited, type Otherwises } from '../forms/otherwise.ts'
import { error, type Finding, type Path, quote } from '../forms/problem.ts'
import { described, section, text } from '../forms/schema-blocks.ts'

/** Each page brings it along, so it has to be small. */
const MOST_LOGO_BYTES = 24 * 1024
const LANGUAGES = ['en', 'pt', 'es', 'it', 'de'] as const

const line = (most: number) => ({ minLength: 1, maxLength: most })
const words = (of?: string) =>
  Type.String({
    ...line(500),
    title: 'a text of at most 500 characters',
    description: `The text${of ? ` in ${of}` : ''}.`,
  })
const LANGUAGE_NAMES = { en: 'English', pt: 'Portuguese', es: 'Spanish', it: 'Italian', de: 'German' }

export const pagesSchema = section(
  {
    name: Type.Optional(
      Type.String({ ...line(80), title: 'a text of at most 80 characters', description: 'Who runs the application.' }),
    ),
    logoFile: Type.Optional(
      text(
        'a file',
        'PNG, JPEG, WebP or SVG file of at most 24 KiB, relative to the configuration file. It is part of each page, which needs nothing else to be shown; scripts in an SVG are not run.',
      ),
    ),
    phone: Type.Optional(
      Type.String({
        ...line(40),
        pattern: '^[+0-9(][-0-9 ()./+]*[0-9](?: ?(?:ext|x)[. ]?[0-9]{1,6})?$',
        title: 'a phone number such as "+55 11 4002-8922"',
        description: 'Whom users call.',
      }),
    ),
    email: Type.Optional(
      Type.String({
        ...line(254),
        pattern: '^[^\\s@<>"?&]+@[^\\s@<>"?&]+$',
        title: 'a mail address',
        description: 'Whom users write to.',
      }),
    ),
    link: Type.Optional(
      Type.String({
        ...line(500),
        pattern: '^https?://[^\\s]+$',
        title: 'a URL that begins with https:// or http://',
        description: 'Where users read on, such as a status page that does not depend on vigia.',
      }),
    ),
    text: Type.Optional(
      Type.Union(
        [
          words(),
          section(
            Object.fromEntries(LANGUAGES.map(language => [language, Type.Optional(words(LANGUAGE_NAMES[language]))])),
            'By language.',
            {
              title: 'a mapping from languages (en, pt, es, it, de) to texts',
            },
          ),
        ],
        {
          title: 'a text of at most 500 characters, or one for each language (en, pt, es, it, de)',
          ...described(
            "Words of one's own, below those of the page. Readers of a language that has none get that of `language`, else the first.",
            undefined,
          ),
        },
      ),
    ),
  },
  "What vigia's own pages (errors, maintenance) say of who runs the application; the messages in Odoo's and Frappe's web clients name it as well. Plain text: HTML in it is shown as it is written. A route's own `pages` take the place of these, key by key. Default: nothing.",
)

export type PagesDocument = Static<typeof pagesSchema>

export function* checkPages(pages: PagesDocument | undefined, at: Path): Iterable<Finding> {
  if (pages?.link !== undefined && !URL.canParse(pages.link))
    yield error([...at, 'link'], `${quote(pages.link)} is no valid URL`)
}

export function* pagesFiles(pages: PagesDocument | undefined, at: Path): Iterable<NamedFile> {
  const file = pages?.logoFile
  if (file !== undefined)
    yield { path: [...at, 'logoFile'], file, encoding: 'base64', wrongIn: content => wrongInLogo(content) }
}

function wrongInLogo(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length > MOST_LOGO_BYTES)
    return `has ${bytes.length} bytes, and each page would bring them along: at most ${MOST_LOGO_BYTES} are taken`
  return imageType(bytes) === undefined ? 'is no PNG, JPEG, WebP or SVG image' : undefined
}

/** By its first bytes. @returns the media type */
function imageType(bytes: Buffer): string | undefined {
  const begins = (latin1: string, at = 0) => bytes.toString('latin1', at, at + latin1.length) === latin1
  if (begins('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (begins('\xff\xd8\xff')) return 'image/jpeg'
  if (begins('RIFF') && begins('WEBP', 8)) return 'image/webp'
  return /^\uFEFF?\s*<(?:\?xml|!--|!DOCTYPE svg|svg)[\s\S]*<\/svg>\s*$|^\s*<svg[^>]*\/>\s*$/i.test(
    bytes.toString('utf8'),
  )
    ? 'image/svg+xml'
    : undefined
}

/** @param others whose keys hold where `pages` has none. @returns undefined where neither says anything */
export function compilePages(
  pages: PagesDocument | undefined,
  language: Language | undefined,
  files: Contents,
  others?: PagesPlan,
): PagesPlan | undefined {
  if (pages === undefined) return others
  const { name, logoFile, phone, email, link, text: own } = pages
  const logo = logoFile === undefined ? undefined : files.get(logoFile)
  return {
    ...others,
    ...(name === undefined ? {} : { name }),
    ...(logo === undefined ? {} : { logo: `data:${imageType(Buffer.from(logo, 'base64'))};base64,${logo}` }),
    ...(phone === undefined ? {} : { phone }),
    ...(email === undefined ? {} : { email }),
    ...(link === undefined ? {} : { link }),
    ...(own === undefined ? {} : { text: textsOf(own, language) }),
  }
}

function textsOf(own: NonNullable<PagesDocument['text']>, language: Language = 'en'): PagesPlan['text'] {
  if (typeof own === 'string') return { any: own }
  const any = own[language] ?? Object.values(own)[0]
  return any === undefined ? {} : { ...own, any }
}

export const RENAMED_IN_PAGES = { 'pages.logo': 'pages.logoFile' }

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_PAGES: Otherwises = {
  'routes[].pages': ({ document }) => (document.pages === undefined ? undefined : { words: 'the top-level `pages`' }),
  ...Object.fromEntries(
    Object.keys(pagesSchema.properties).map(key => [
      `routes[].pages.${key}`,
      (around: Around) => inherited(around, ['pages', key]),
    ]),
  ),
}
