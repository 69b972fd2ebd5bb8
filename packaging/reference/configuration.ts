// docs/reference/configuration.md: every key, in the schema's own words, each with an example out of config/examples.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { keysOf, type Schema } from '../man/configuration-page.ts'
import { code, line, page } from './markdown.ts'

const EXAMPLES = join(import.meta.dirname, '../../config/examples')
/** The one with every key comes first. */
const FIRST = 'complete.yaml'
const WIDEST_EXAMPLE = 100

const INTRODUCTION = `Every key of the configuration file. \`[]\` stands for each entry of a list, \`*\` for a name of your own.
The whole of it on one page, with comments: [complete.yaml](../../config/examples/complete.yaml). Editors know all this by
[schema.json](../../config/schema.json). \`vigia check\` says what is wrong with a file, and where.`

export function configurationPage(schema: Schema): string {
  const examples = examplesByPath()
  const keys = keysOf(schema, '')
  return page(
    '# Configuration',
    INTRODUCTION,
    ...Object.keys(schema.properties ?? {}).flatMap(name => [
      `## ${name}`,
      ...keys
        .filter(({ path }) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`))
        .map(({ path, schema: key, required }) =>
          [
            ...(path === name ? [] : [`### ${code(path)}\n`]),
            [typeOf(key), required ? '**required**' : defaultOf(key)].filter(Boolean).join(' · '),
            `\n${line(effectOf(key))}`,
            ...exampleOf(path, examples),
          ].join('\n'),
        ),
    ]),
  )
}

function typeOf({ title = '' }: Schema): string {
  return `*${line(title)}*`
}

function defaultOf({ default: value }: Schema): string {
  return value === undefined ? '' : `default ${code(inFlow(value))}`
}

/** Without the default where it is a value, which stands above. */
function effectOf({ description = '', default: value }: Schema): string {
  return value === undefined ? description : description.replace(/ ?Default: [^:;,()\s]+\.$/, '')
}

function exampleOf(path: string, examples: ReadonlyMap<string, unknown>): string[] {
  const value = examples.get(path)
  if (value === undefined) return []
  const name = path.replace(/^.*\.(?=[^.]+$)/, '').replaceAll('[]', '')
  const text = inFlow({ [name]: value })
    .slice(1, -1)
    .trim()
  return text.length > WIDEST_EXAMPLE ? [] : [`\nExample: ${code(text)}`]
}

/** On one line. */
function inFlow(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()
}

/** The first value of each key, by its path as keysOf writes it. Mappings are left out: their keys have examples of their own. */
function examplesByPath(): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>()
  const files = globSync('*.yaml', { cwd: EXAMPLES }).sort(
    (a, b) => Number(b === FIRST) - Number(a === FIRST) || a.localeCompare(b),
  )
  const texts = files.map(file => readFileSync(join(EXAMPLES, file), 'utf8'))
  for (const text of [...texts, withoutComments(texts[0]!)]) {
    const look = (value: unknown, path: string): void => {
      if (Array.isArray(value)) {
        if (value.every(each => typeof each !== 'object')) keep(values, path, value)
        for (const each of value) look(each, `${path}[]`)
      } else if (typeof value === 'object' && value !== null) {
        for (const [name, each] of Object.entries(value)) {
          look(each, path === '' ? name : `${path}.${name}`)
          look(each, `${path}.*`)
        }
      } else keep(values, path, value)
    }
    look(parse(text, { uniqueKeys: false }), '')
  }
  return values
}

/** Keys that need a file of the reader stand there as comments: these as if they were none. */
function withoutComments(text: string): string {
  return text.replaceAll(/^( *)# (?!vigia:)(?= *(?:- |\w+:))/gm, '$1')
}

function keep(values: Map<string, unknown>, path: string, value: unknown): void {
  if (!values.has(path)) values.set(path, value)
}
