// `pages`: what vigia's own pages say of who runs the application, and every way to get it wrong, in words.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { changeText, diffSnapshots } from '../../../src/config/shown/diff.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-pages-'))
const file = join(folder, 'vigia.yaml')
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>\n'
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452ff00fe', 'hex')
writeFileSync(join(folder, 'logo.svg'), SVG)
writeFileSync(join(folder, 'logo.png'), PNG)
writeFileSync(join(folder, 'large.png'), Buffer.concat([PNG, Buffer.alloc(24 * 1024)]))
writeFileSync(join(folder, 'page.html'), '<html><svg></svg></html>')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const withPages = (pages: string) => documentOf({ more: `pages: ${pages}` })
const pagesOf = (pages: string) => snapshotOf(withPages(pages), {}, file).pages

describe('pages', () => {
  test('say nothing where nothing is said', () => {
    expect(snapshotOf(documentOf()).pages).toBeUndefined()
    expect('pages' in snapshotOf(documentOf()).routes[0]!).toBe(false)
  })

  test('carry their logo along, whatever bytes it has', () => {
    expect(pagesOf('{ logoFile: logo.svg }')?.logo).toBe(`data:image/svg+xml;base64,${btoa(SVG)}`)
    expect(pagesOf('{ logoFile: logo.png }')?.logo).toBe(`data:image/png;base64,${PNG.toString('base64')}`)
  })

  test('have a text for readers of any language: that of `language`, else the first', () => {
    expect(pagesOf('{ text: Call us. }')?.text).toEqual({ any: 'Call us.' })
    expect(pagesOf('{ text: { de: Hallo, pt: Olá } }')?.text).toEqual({ de: 'Hallo', pt: 'Olá', any: 'Hallo' })
    const portuguese = documentOf({ more: 'language: pt\npages: { text: { de: Hallo, pt: Olá } }' })
    expect(snapshotOf(portuguese).pages?.text?.any).toBe('Olá')
  })

  test('of a route take the place of those of the whole, key by key', () => {
    const { routes } = snapshotOf(
      documentOf({ routes: '- { pool: erp, pages: { phone: "12 34" } }', more: 'pages: { name: A, phone: "56 78" }' }),
    )
    expect(routes[0]!.pages).toEqual({ name: 'A', phone: '12 34' })
  })

  test('a new logo is a change, which does not tell its bytes', () => {
    const [before, after] = ['{ logoFile: logo.svg }', '{ logoFile: logo.png }'].map(pages =>
      snapshotOf(withPages(pages), {}, file),
    )
    expect(diffSnapshots(before!, after!).changes.map(changeText)).toEqual(['pages.logoFile changed'])
  })

  test.each([
    ['{ logoFile: none.png }', 'pages.logoFile: the file "none.png" does not exist'],
    ['{ logoFile: large.png }', 'has 24595 bytes, and each page would bring them along: at most 24576 are taken'],
    ['{ logoFile: page.html }', 'pages.logoFile: the file "page.html" is no PNG, JPEG, WebP or SVG image'],
    ['{ phone: call us }', 'pages.phone: '],
    ['{ email: "a@b>c" }', 'pages.email: '],
    ['{ link: "javascript:alert(1)" }', 'pages.link: '],
    ['{ link: "https://[" }', 'pages.link: "https://[" is no valid URL'],
    ['{ text: { fr: Bonjour } }', 'pages.text'],
    ['{ logo: logo.svg }', 'did you mean "logoFile"'],
  ])('%s is refused: %s', (pages, problem) => {
    expect(problemsOf(withPages(pages), {}, file).join('\n')).toContain(problem)
  })
})
