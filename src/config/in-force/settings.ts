// A document with all that it leaves out: every key that is in force, its value as the document would write it, and where that comes from.
// It holds no default of its own: those of the schema, what parts say of keys that are not there, and the checks, which know what has no
// place beside what. That the whole compiles to the plan of the document, explain.ts looks at each time.

import { type ConfigDocument, configSchema } from '../document.ts'
import type { Mapping } from '../forms/otherwise.ts'
import { type Finding, formatPath, type Path } from '../forms/problem.ts'
import { LONG_FORMS, OTHERWISE } from './tables.ts'

/** A key, or an entry of a list. */
export interface Setting {
  readonly path: Path
  readonly origin: Origin
  readonly shape: Shape
  /** Of a mapping, or of a list of mappings. */
  readonly below?: readonly Setting[]
  readonly isList?: boolean
  /** Undefined: `below` says it, or `words`. */
  readonly value?: unknown
  /** What holds where no value says it: `no limit`. */
  readonly words?: string
}

export type Origin =
  /** Written at `at`, which is another place than the setting's where that is a short form. */
  | { readonly by: 'file'; readonly at: Path }
  | { readonly by: 'default' }
  | { readonly by: 'inherited' | 'derived' | 'application'; readonly from: Path }

export interface Settings {
  readonly root: Setting
  /** Keys of the schema that have no place beside what is there, by path, and why. */
  readonly idle: ReadonlyMap<string, string>
}

export interface Shape {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[] | undefined
  readonly patternProperties?: Readonly<Record<string, Shape>>
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
}

export const ROOT: Shape = configSchema

/** @param check the cross-checks @param config must have passed them */
export function settingsOf(config: ConfigDocument, check: (config: ConfigDocument) => Iterable<Finding>): Settings {
  const root = new Filling(config as unknown as Mapping).root()
  const said = new Set([...check(config)].map(keyOf))
  const idle = new Map<string, string>()
  for (const found of check(documentOf(root) as ConfigDocument)) {
    const isMisplaced = found.severity === 'error' || found.message.startsWith('has no effect')
    if (found.at === 'key' && isMisplaced && !said.has(keyOf(found))) idle.set(formatPath(found.path), found.message)
  }
  return { root: without(root, idle) ?? root, idle }
}

/** As the document would write it. */
export function documentOf({ value, below, isList }: Setting): unknown {
  if (below === undefined) return value
  if (isList) return below.map(documentOf)
  const entries = below.map(each => [each.path.at(-1)!, documentOf(each)] as const)
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined))
}

/** The setting at a path, or undefined. */
export function settingAt(setting: Setting | undefined, path: Path): Setting | undefined {
  return path.reduce<Setting | undefined>((at, step) => at?.below?.find(each => each.path.at(-1) === step), setting)
}

/** The part of a schema that a mapping, or a list of mappings, is held against; undefined = it can be neither. */
export function branchOf(shape: Shape, value?: unknown): Shape | undefined {
  const fits = ({ properties, patternProperties, items }: Shape) =>
    Array.isArray(value) ? items && branchOf(items)?.properties : (properties ?? patternProperties)
  return fits(shape) ? shape : shape.anyOf?.map(each => branchOf(each, value)).find(each => each !== undefined)
}

/** What its description says of its absence. */
export function absenceOf({ description = '' }: Shape): string | undefined {
  return /Default: (.+?)\.(?=\s|$)/.exec(description)?.[1]
}

type OriginOf = (step: string | number) => Origin

class Filling {
  readonly #document: Mapping
  readonly #known = new Map<string, Setting>()

  constructor(document: Mapping) {
    this.#document = document
  }

  root(): Setting {
    const below = Object.keys(ROOT.properties!).map(key => this.#top(key))
    return { path: [], shape: ROOT, origin: { by: 'file', at: [] }, below }
  }

  /** Keys of the top level are filled when the first asks for them: routes look at pools and limits. */
  #top(key: string): Setting {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = this.#key(ROOT.properties![key]!, key, this.#document, [], key, step => ({ by: 'file', at: [step] }))
    this.#known.set(key, made)
    return made
  }

  /** @param beside the mapping that has the key, or lacks it @param at where that is @param of where what it has comes from */
  #key(shape: Shape, key: string, beside: Mapping, at: Path, pattern: string, of: OriginOf): Setting {
    const path = [...at, key]
    const given = beside[key]
    if (given !== undefined) return this.#value(shape, given, path, pattern, of(key))
    const standIn = OTHERWISE[pattern]?.({ beside, at, document: this.#document, inForce: this.#inForce })
    if (standIn && 'words' in standIn) return { path, shape, words: standIn.words, origin: { by: 'default' } }
    if (standIn) {
      const { value, by, from = path } = standIn
      return this.#value(shape, value, path, pattern, by === 'default' ? { by } : { by, from })
    }
    if (shape.default !== undefined) return this.#value(shape, shape.default, path, pattern, { by: 'default' })
    const words = absenceOf(shape)
    const isOn = words === undefined && shape.properties !== undefined && (shape.required ?? []).length === 0
    return isOn
      ? this.#value(shape, {}, path, pattern, { by: 'default' })
      : { path, shape, words: words ?? 'none', origin: { by: 'default' } }
  }

  #value(shape: Shape, given: unknown, path: Path, pattern: string, origin: Origin): Setting {
    const long = typeof given === 'object' ? undefined : LONG_FORMS[pattern]?.(given)
    const value = long ?? given
    const branch = typeof value === 'object' ? branchOf(shape, value) : undefined
    if (branch === undefined) return { path, shape, value, origin }
    if (Array.isArray(value)) {
      const entries = value.map((each, i) =>
        this.#value(branch.items!, each, [...path, i], `${pattern}[]`, originBelow(origin)(i)),
      )
      return { path, shape, origin, isList: true, below: entries }
    }
    // What a short form stands for is written where that is.
    const of: OriginOf = long === undefined ? originBelow(origin) : () => origin
    const mapping = value as Mapping
    const { properties, patternProperties } = branch
    const any = Object.values(patternProperties ?? {})[0]
    const settings = properties
      ? Object.entries(properties).map(([key, each]) => this.#key(each, key, mapping, path, `${pattern}.${key}`, of))
      : Object.keys(mapping).map(key => this.#key(any!, key, mapping, path, `${pattern}.*`, of))
    return { path, shape, origin, below: settings }
  }

  readonly #inForce = (path: Path): unknown => {
    const setting = settingAt(this.#top(String(path[0])), path.slice(1))
    return setting && documentOf(setting)
  }
}

function originBelow(origin: Origin): OriginOf {
  return step => {
    if (origin.by === 'file') return { by: 'file', at: [...origin.at, step] }
    return origin.by === 'inherited' ? { by: 'inherited', from: [...origin.from, step] } : origin
  }
}

function keyOf({ path, message }: Finding): string {
  return `${formatPath(path)} ${message}`
}

/** Undefined: nothing is left. */
function without(setting: Setting, idle: ReadonlyMap<string, string>): Setting | undefined {
  if (setting.origin.by !== 'file' && idle.has(formatPath(setting.path))) return undefined
  if (setting.below === undefined || idle.size === 0) return setting
  return { ...setting, below: setting.below.flatMap(each => without(each, idle) ?? []) }
}
