import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { keysOf } from '../../../packaging/man/configuration-page.ts'
import { REFERENCE, referencePages } from '../../../packaging/reference/write.ts'
import { describe } from '../../../src/commands/spelling/program.ts'

const pages = await referencePages()

test('docs/reference says what the program says: where not, run `npm run docs`', () => {
  const stored = readdirSync(REFERENCE).map(name => [name, readFileSync(join(REFERENCE, name), 'utf8')])
  const old = [...stored.filter(([name, text]) => pages[name!] !== text).map(([name]) => name)]
  expect(old).toEqual([])
  expect(Object.keys(pages).filter(name => !stored.some(([there]) => there === name))).toEqual([])
})

test('the index has every page, and every row of a table as many cells as its titles', () => {
  const { 'README.md': index, ...others } = pages
  expect(Object.keys(others).filter(name => !index!.includes(`](${name})`))).toEqual([])
  const crooked = Object.values(others)
    .flatMap(text => text.split('\n\n').filter(piece => piece.startsWith('| ')))
    .flatMap(piece => {
      const [titles, ...rows] = piece.trim().split('\n').map(cellsIn)
      return rows.filter(cells => cells !== titles)
    })
  expect(crooked).toEqual([])
})

test('every link to a part of a page leads to it', () => {
  const lost = Object.entries(pages).flatMap(([name, text]) =>
    [...text.matchAll(/\]\(([\w-]+\.md)?#([\w-]+)\)/g)]
      .filter(([, to = name, part]) => !slugsIn(pages[to]!).includes(part!))
      .map(([link]) => `${name}: ${link}`),
  )
  expect(lost).toEqual([])
})

test('every key of the schema has a section with its form and what it does', () => {
  const page = pages['configuration.md']!
  const keys = keysOf(JSON.parse(readFileSync('config/schema.json', 'utf8')), '')
  const sections = new Map(
    page
      .split(/^##+ /m)
      .slice(1)
      .map(text => {
        const [name, , form, , effect] = text.split('\n')
        return [name!.replaceAll('`', ''), { form, effect }]
      }),
  )
  expect(keys.length).toBeGreaterThan(300)
  expect(
    keys
      .map(({ path }) => path)
      .filter(path => !/^\*.+\*/.test(sections.get(path)?.form ?? '') || !/\w/.test(sections.get(path)?.effect ?? '')),
  ).toEqual([])
})

test('every command has a section, and each of its options is in it or among those of all', () => {
  const page = pages['commands.md']!
  const shared = page.split('\n## ').find(text => text.startsWith('Options of'))!
  const missing: string[] = []
  const look = (command: Command, name: string) => {
    const section = page.split('\n## ').find(text => text.startsWith(`${name}\n`))
    if (section === undefined && command.commands.length === 0) missing.push(name)
    for (const { flags } of command.options) {
      if (!`${section}${shared}`.includes(`| \`${flags}\` |`)) missing.push(`${name} ${flags}`)
    }
    for (const below of command.commands) look(below, `${name} ${below.name()}`)
  }
  for (const command of describe(new Command('vigia'), () => {}).commands) look(command, `vigia ${command.name()}`)
  expect(missing).toEqual([])
})

test('each metric says something: it has the labels that it is told with', () => {
  const rows = pages['metrics.md']!.split('\n').filter(line => line.startsWith('| `vigia_'))
  expect(rows.length).toBeGreaterThan(100)
  expect(rows.find(row => row.includes('vigia_attempt_failures_total'))).toContain('`connect` `transport` `timeout`')
  expect(rows.filter(row => /undefined|NaN/.test(row))).toEqual([])
})

/** Of its headings, as GitHub makes them. */
function slugsIn(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

function cellsIn(row: string): number {
  return row.split(/(?<!\\)\|/).length
}
