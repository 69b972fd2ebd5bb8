// vigia.yaml(5): every key of the configuration, in the schema's own words (config/schema.json).

import { head, prose, roff } from './roff.ts'

/** What is used of a JSON Schema. */
export interface Schema {
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  /** By a pattern of names: what people name themselves. */
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
}

/** A key by its path: `listeners[].name`, `pools.*.balance`. */
interface Key {
  readonly path: string
  readonly schema: Schema
  readonly required: boolean
}

const INTRODUCTION = `The configuration of vigia is one YAML file. \`vigia check -c FILE\` lists all that is wrong with it,
with line, column and what to do; a file with errors changes nothing in a vigia that runs. A changed file is applied by
itself, or with \`vigia reload\`. \`\${NAME}\` and \`\${NAME:-default}\` come from the environment. In the names below
\`[]\` stands for each entry of a list, \`*\` for a name of your own.`

export function configurationPage(schema: Schema, version: string, example: string): string {
  return `${[
    head('vigia.yaml', 5, version, 'configuration of vigia'),
    `.SH DESCRIPTION\n${prose(INTRODUCTION)}`,
    `.SH EXAMPLE\n.nf\n${roff(example.trimEnd())}\n.fi`,
    ...Object.keys(schema.properties ?? {}).flatMap(name => [
      `.SH ${roff(name.toUpperCase())}`,
      ...keysOf(schema, '')
        .filter(({ path }) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`))
        .map(keyText),
    ]),
    '.SH SEE ALSO\n\\fBvigia\\fR(1)',
  ].join('\n')}\n`
}

/** All keys below a schema, in its order. A key that may have several forms is there once, with the keys of all of them. */
export function keysOf(schema: Schema, at: string): Key[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, below]) => {
    const path = at === '' ? name : `${at}.${name}`
    return [{ path, schema: below, required: schema.required?.includes(name) ?? false }, ...keysOf(below, path)]
  })
  const named = Object.values(schema.patternProperties ?? {}).flatMap(below => keysOf(below, `${at}.*`))
  const entries = schema.items === undefined ? [] : keysOf(schema.items, `${at}[]`)
  const forms = (schema.anyOf ?? []).flatMap(form => keysOf(form, at))
  const all = new Map<string, Key>()
  for (const key of [...own, ...named, ...entries, ...forms]) if (!all.has(key.path)) all.set(key.path, key)
  return [...all.values()]
}

function keyText({ path, schema, required }: Key): string {
  const form = schema.title === undefined ? '' : ` (${roff(schema.title)}${required ? '; required' : ''})`
  return `.TP\n\\fB${roff(path)}\\fR${form}\n${prose(schema.description ?? '')}`
}
