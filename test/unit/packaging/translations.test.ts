// A translation that no longer says what the English page says is noticed by what is the same in every language.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const DOCS = join(import.meta.dirname, '../../../docs')
const LANGUAGES = ['pt', 'es', 'it', 'de']
const PAGES = ['quick-start.md', 'operators-guide.md']

/** Of a page, whatever its language. */
function skeletonOf(path: string) {
  const text = readFileSync(join(DOCS, path), 'utf8')
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '')
  return {
    blocks: text.match(/^```[\s\S]*?^```$/gm),
    /** Levels of headings, and how many rows and entries stand below each. */
    parts: prose
      .split(/^(?=#)/m)
      .map(part => [part.indexOf(' '), part.match(/^\|/gm)?.length, part.match(/^\d\./gm)?.length]),
    /** Where links lead, in their order. */
    links: [...prose.matchAll(/\]\((?:\.\.\/)?([^)]+)\)/g)].map(([, to]) => to),
    /** Commands, keys and values; their order is up to the language. */
    code: [...prose.matchAll(/`([^`]+)`/g)].map(([, code]) => code!.replaceAll(/\s+/g, ' ')).sort(),
  }
}

test.each(LANGUAGES.flatMap(language => PAGES.map(page => [language, page])))(
  'docs/%s/%s has the parts, blocks, commands and keys of the English page',
  (language, page) => {
    expect(skeletonOf(`${language}/${page}`)).toEqual(skeletonOf(page!))
  },
)

test('every language has the same pages', () => {
  for (const language of LANGUAGES) expect(readdirSync(join(DOCS, language)).sort()).toEqual([...PAGES].sort())
})
