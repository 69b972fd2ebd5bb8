// Holds what people read about the source against the source: every file that a document names exists, every link leads somewhere,
// and ARCHITECTURE.md draws the floors that architecture.test.ts enforces.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const MOST_LINES = 150
const WIDEST_LINE = 120

const ROOMS = readdirSync(join(ROOT, 'src')).filter(name => !name.includes('.'))
const RECORDS = readdirSync(join(ROOT, 'docs/decisions')).filter(name => /^\d{4}-/.test(name))

/** The documents about the source, relative to the root. */
const DOCUMENTS = [
  ...['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md'],
  ...below('docs', name => name.endsWith('.md')),
  ...below('src', name => name.endsWith('README.md')),
]

function below(folder: string, wanted: (name: string) => boolean): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(wanted)
    .map(name => `${folder}/${name.replaceAll('\\', '/')}`)
}

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Without blocks of code. */
function prose(document: string): string {
  return textOf(document).replace(/^```[\s\S]*?^```/gm, '')
}

/** What stands in backticks and means a file or a folder. */
function paths(document: string): string[] {
  return [...prose(document).matchAll(/`([\w.@/-]+)`/g)]
    .map(match => match[1]!)
    .filter(text => /^(?:src|test|bench|config|docs|bin|packaging|\.ci)\/|\.(?:ts|md)$|^[a-z][\w-]*\/$/.test(text))
}

/** What a build makes: git leaves it out. */
const MADE = textOf('.gitignore').split('\n')

/** A path is meant from the root, from the document's own folder, or from src/. */
function exists(document: string, path: string): boolean {
  if (MADE.includes(`/${path}`)) return true
  return [ROOT, join(ROOT, dirname(document)), join(ROOT, 'src')].some(from => existsSync(join(from, path)))
}

describe('what is written about the source is true of it', () => {
  test('every file and folder that a document names exists', () => {
    const problems = DOCUMENTS.flatMap(document =>
      paths(document)
        .filter(path => !exists(document, path))
        .map(path => `${document} names ${path}, which is not there`),
    )
    expect(problems).toEqual([])
  })

  test('every link leads to a file that exists', () => {
    const problems = DOCUMENTS.flatMap(document =>
      [...prose(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(match => match[1]!)
        .filter(to => !to.includes('://') && !existsSync(join(ROOT, dirname(document), to)))
        .map(to => `${document} links to ${to}, which is not there`),
    )
    expect(problems).toEqual([])
  })

  test('a name that is said to be in a file is in it', () => {
    const problems = DOCUMENTS.flatMap(document =>
      [...prose(document).matchAll(/`(\w+)` in\s+`(src\/[\w./-]+\.ts)`/g)]
        .filter(([, name, file]) => !textOf(file!).includes(name!))
        .map(([, name, file]) => `${document} says that ${name} is in ${file}`),
    )
    expect(problems).toEqual([])
  })

  test('every room of src/ has its line in ARCHITECTURE.md', () => {
    const text = textOf('ARCHITECTURE.md')
    expect(ROOMS.filter(room => !new RegExp(`^\\| \\[?\`${room}/\`.* \\| .+ \\|$`, 'm').test(text))).toEqual([])
  })

  test('ARCHITECTURE.md draws the floors that are enforced', () => {
    const [, picture = ''] = /^## Floors\n[\s\S]*?^```\n([\s\S]*?)^```/m.exec(textOf('ARCHITECTURE.md')) ?? []
    // A line that begins with spaces goes on with the one before it.
    const lines = picture.trimEnd().replaceAll(/\n +/g, ' ').split('\n')
    const { floors, inside } = enforced()
    const drawn = lines.map(line => {
      const [rooms = '', within] = line.trim().split(/ {2,}/)
      return { rooms: rooms.split(', '), within }
    })
    expect(drawn).toEqual(
      floors.map(rooms => {
        const split = rooms.find(room => room in inside)
        return { rooms, within: split && inside[split]!.map(floor => floor.join(', ')).join(' > ') }
      }),
    )
  })

  test(`ARCHITECTURE.md fits on three screens: ${MOST_LINES} lines`, () => {
    const lines = textOf('ARCHITECTURE.md').split('\n')
    expect(lines.length - 1).toBeLessThanOrEqual(MOST_LINES)
    expect(lines.filter(line => line.length > WIDEST_LINE)).toEqual([])
  })

  test('every decision record has its place in the index, a number of its own, and the same parts', () => {
    const index = textOf('docs/decisions/README.md')
    const parts = ['Context', 'Decision', 'Why', 'Consequences', 'In the code']
    const problems = RECORDS.flatMap(name => {
      const text = textOf(`docs/decisions/${name}`)
      return [
        ...(index.includes(`](${name})`) ? [] : [`${name} is not in the index`]),
        ...(text.startsWith(`# ${Number(name.slice(0, 4))}. `)
          ? []
          : [`${name}: its title begins with another number`]),
        ...parts.filter(part => !text.includes(`\n**${part}`)).map(part => `${name} has no part ${part}`),
      ]
    })
    expect(problems).toEqual([])
    expect(new Set(RECORDS.map(name => name.slice(0, 4))).size).toBe(RECORDS.length)
  })
})

/** FLOORS and INSIDE as they stand in architecture.test.ts, by their text: to import it would run its tests here. */
function enforced(): { floors: string[][]; inside: Record<string, string[][]> } {
  const source = textOf('test/architecture.test.ts').replace(/^\s*\/\/.*$/gm, '')
  const literal = (name: string): string => {
    const [, text = ''] = new RegExp(`^const ${name}\\b[^=]*= ([[{][\\s\\S]*?\\n[\\]}])$`, 'm').exec(source) ?? []
    return text
      .replaceAll("'", '"')
      .replace(/^( *)([\w-]+):/gm, '$1"$2":')
      .replace(/,(\s*[\]}])/g, '$1')
  }
  return { floors: JSON.parse(literal('FLOORS')), inside: JSON.parse(literal('INSIDE')) }
}
