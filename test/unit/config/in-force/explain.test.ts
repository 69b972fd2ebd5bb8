// Each value is what the plan has, with where it comes from, and without secrets.

import { isDeepStrictEqual } from 'node:util'
import { expect, test as once } from 'vitest'
import { stringify } from 'yaml'
import type { Otherwise } from '../../../../src/config/forms/otherwise.ts'
import { explainReading, type InForce } from '../../../../src/config/in-force/explain.ts'
import {
  branchOf,
  documentOf,
  ROOT,
  type Setting,
  type Shape,
  settingsOf,
} from '../../../../src/config/in-force/settings.ts'
import { LONG_FORMS, OTHERWISE } from '../../../../src/config/in-force/tables.ts'
import type { Reading } from '../../../../src/config/read/load.ts'
import { randomOf } from '../../../support/random.ts'
import { fc, test } from '../property.ts'
import { documentOf as textOf } from '../support.ts'
import { complete, explained, reading, readText, rest, type Tree } from './support.ts'

function* keysOf(shape: Shape, pattern: string): Iterable<string> {
  for (const [name, each] of Object.entries(shape.properties ?? {})) {
    const at = pattern === '' ? name : `${pattern}.${name}`
    yield at
    yield* keysOf(each, at)
  }
  for (const each of Object.values(shape.patternProperties ?? {})) yield* keysOf(each, `${pattern}.*`)
  if (shape.items) yield* keysOf(shape.items, `${pattern}[]`)
  for (const each of shape.anyOf ?? []) yield* keysOf(each, pattern)
}
const KEYS = new Set(keysOf(ROOT, ''))

function* patternsIn({ path, below = [] }: InForce, pattern = ''): Iterable<string> {
  if (path.length > 0) yield pattern
  const isNamed = pattern === 'pools' || /(?:headers|set)$/.test(pattern)
  for (const each of below) {
    const step = each.path.at(-1)!
    if (typeof step === 'number') yield* patternsIn(each, `${pattern}[]`)
    else
      yield* patternsIn(
        each,
        pattern === '' ? step : isNamed && !KEYS.has(`${pattern}.${step}`) ? `${pattern}.*` : `${pattern}.${step}`,
      )
  }
}

once('every key of the schema is told somewhere', () => {
  const minimal = {
    listeners: [{ name: 'w', address: ':80' }],
    routes: [{ pool: 'p' }],
    pools: { p: { upstreams: [{ name: 'u', url: 'http://10.0.0.1' }] } },
  }
  const told = [complete(), rest(), minimal].flatMap(each => [...patternsIn(explained(each).root)])
  expect([...KEYS].filter(pattern => !told.includes(pattern))).toEqual([])
})

once('what parts say of keys that are not there is about keys of the schema', () => {
  const named = [...Object.keys(OTHERWISE), ...Object.keys(LONG_FORMS)]
  expect(named.filter(each => !KEYS.has(each))).toEqual([])
})

once('what is not in the plan is not told', () => {
  const table = OTHERWISE as Record<string, Otherwise>
  const right = table['routes[].maxBody']!
  table['routes[].maxBody'] = () => ({ value: '7MiB', by: 'default' })
  try {
    expect(() => explained(textOf())).toThrow(
      'what is explained is not what is compiled (route routes[0]: maxBody 128MiB -> 7MiB): please report it',
    )
  } finally {
    table['routes[].maxBody'] = right
  }
})

/** Without some of its keys, and with other numbers and durations. */
function varied(value: unknown, shape: Shape | undefined, draw: () => number): unknown {
  if (typeof value === 'object' && value !== null) {
    const branch = shape && branchOf(shape, value)
    if (Array.isArray(value)) return branch ? value.map(each => varied(each, branch.items, draw)) : value
    const { properties, patternProperties = {}, required = [] } = branch ?? {}
    const entries = Object.entries(value).flatMap(([name, each]) => {
      const isLeftOut = properties !== undefined && !required.includes(name) && draw() < 0.12
      return isLeftOut ? [] : [[name, varied(each, properties?.[name] ?? Object.values(patternProperties)[0], draw)]]
    })
    return Object.fromEntries(entries)
  }
  if (draw() > 0.05) return value
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 1
  return String(value).replace(/^[0-9]+(?=(?:ms|s|m|h|KiB|MiB|GiB|%)$)/, digits => String(Number(digits) + 1))
}

/** A variation that is accepted: what the checks refuse in it is as it was. */
function accepted(base: Tree, draw: () => number): { document: Tree; read: Reading } {
  let document = varied(base, ROOT, draw) as Tree
  for (let i = 0; i < 8; i += 1) {
    const read = readText(stringify(document))
    if (read.ok) return { document, read }
    for (const { path } of read.problems) {
      const [top = '', name = ''] = path.split(/[.[\]]+/)
      const [whole, part] = [base[top] as Tree, document[top] as Tree | undefined]
      if (part?.[name] !== undefined && whole[name] !== part[name]) part[name] = whole[name]
      else if (top in base) document[top] = structuredClone(whole)
      else document = structuredClone(base)
    }
  }
  return { document: base, read: reading(base) }
}

/** Puts what is in force at a place into the document that lacks it: with all that comes with it, where it comes as a whole. */
function put(document: Tree, [step, ...others]: readonly Setting[]): boolean {
  if (step === undefined) return false
  const name = step.path.at(-1)!
  const there = document[name as string]
  if (there === undefined) {
    const isWhole = step.origin.by === 'inherited' || (branchOf(step.shape)?.required ?? []).length > 0
    if (others.length === 0 || isWhole) {
      document[name as string] = documentOf(step)
      return true
    }
    document[name as string] = {}
    return put(document[name as string] as Tree, others)
  }
  return typeof there === 'object' && put(there as Tree, others)
}

function leavesIn(setting: Setting, above: readonly Setting[] = []): (readonly Setting[])[] {
  const steps = setting.path.length === 0 ? [] : [...above, setting]
  if (setting.below !== undefined) return setting.below.flatMap(each => leavesIn(each, steps))
  return setting.value === undefined || setting.origin.by === 'file' ? [] : [steps]
}

test(
  'a value that is told, written into the file, changes nothing',
  [fc.boolean(), fc.nat(), fc.nat()],
  (isComplete, seed, choice) => {
    const { document, read } = accepted(isComplete ? complete() : rest(), randomOf(seed))
    // Throws where all that is told is not the plan.
    explainReading(read, {})
    const { root } = settingsOf(read.config, read.check)
    const leaves = leavesIn(root)
    const leaf = leaves[choice % leaves.length]!
    const other = structuredClone(document)
    fc.pre(put(other, leaf))
    const { revision: _, ...plan } = reading(other).loaded.snapshot
    const { revision: __, ...before } = read.loaded.snapshot
    expect(isDeepStrictEqual(plan, before), leaf.at(-1)!.path.join('.')).toBe(true)
  },
  24,
)
