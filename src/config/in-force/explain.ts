// All that is in force of a configuration, as it may be shown: each key with its value, or words where none says it, and where that comes
// from. What is told is held against the plan each time: a document that says it all compiles to the same.

import { isDeepStrictEqual } from 'node:util'
import { isScalar } from 'yaml'
import { type ConfigDocument, certificateFiles, compile, namedFiles } from '../document.ts'
import { formatPath, type Path, warning } from '../forms/problem.ts'
import { parseDuration, parseRate, parseShare, parseSize } from '../forms/units.ts'
import { variablesIn, withoutValues } from '../read/environment.ts'
import { type Reading, type RefusedConfig, readConfig } from '../read/load.ts'
import { locate, nodeAt } from '../read/source.ts'
import { changeText, diffSnapshots } from '../shown/diff.ts'
import { type Mask, maskOf } from '../shown/mask.ts'
import { isSecretKey } from '../shown/secrets.ts'
import { documentOf, type Origin, type Setting, type Shape, settingAt, settingsOf } from './settings.ts'

/** A key that is in force, or an entry of a list. */
export interface InForce {
  readonly path: Path
  readonly from: From
  readonly shape: Shape
  /** Of a mapping, or of a list of mappings. */
  readonly below?: readonly InForce[]
  readonly isList?: boolean
  /** As the document would write it, without secrets; undefined: `below` says it, or `words`. */
  readonly value?: unknown
  /** What holds where no value says it; beside a value: what it comes to here. */
  readonly words?: string
}

export interface From {
  /** `file`: written there. `environment`: a reference is. Else see forms/otherwise.ts. */
  readonly by: 'file' | 'environment' | 'default' | 'inherited' | 'derived' | 'application'
  /** Whose value it is, or what it follows from. */
  readonly key?: string
  /** Where the value stands: that of `key`, where there is one. Undefined: nowhere, it is a default. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number }
  /** That the value refers to. */
  readonly variables?: readonly string[]
  /** Of them those that are not set, or empty: what the reference gives instead is in force. */
  readonly unset?: readonly string[]
  /** The file whose contents are in force, absolute. */
  readonly reads?: string
}

export interface Explained {
  readonly ok: true
  readonly root: InForce
  /** Keys that have no place beside what is there, by path, and why. */
  readonly idle: ReadonlyMap<string, string>
  readonly loaded: Reading['loaded']
}

/** Throws where what it would tell is not what is compiled: an error of vigia. */
export function explainConfig(file: string, env: NodeJS.ProcessEnv): Explained | RefusedConfig {
  const read = readConfig(file, env)
  return read.ok ? explainReading(read, env) : read
}

export function explainReading(read: Reading, env: NodeJS.ProcessEnv): Explained {
  const { root, idle } = settingsOf(read.config, read.check)
  const { snapshot } = read.loaded
  const told = compile(documentOf(root) as ConfigDocument, read.surroundings)
  if (!isDeepStrictEqual(told, snapshot)) {
    const differs = diffSnapshots(snapshot, told).changes.map(changeText)
    throw new Error(`what is explained is not what is compiled (${differs.join('; ')}): please report it`)
  }
  return { ok: true, root: new Telling(read, root, env).of(root), idle, loaded: read.loaded }
}

class Telling {
  readonly #read: Reading
  readonly #root: Setting
  readonly #env: NodeJS.ProcessEnv
  readonly #mask: Mask
  readonly #reads: ReadonlyMap<string, string>

  constructor(read: Reading, root: Setting, env: NodeJS.ProcessEnv) {
    const { config, surroundings } = read
    this.#read = read
    this.#root = root
    this.#env = env
    this.#mask = maskOf(config)
    this.#reads = new Map(
      [...namedFiles(config), ...certificateFiles(config)].map(({ path, file }) => [
        formatPath(path),
        surroundings.resolvePath(file),
      ]),
    )
  }

  of(setting: Setting): InForce {
    const { path, shape, below, isList, value, words, origin } = setting
    const written = this.#writtenAt(origin)
    const from = this.#from(origin, written)
    const rest = {
      ...(isList === undefined ? {} : { isList }),
      ...(below === undefined ? {} : { below: below.map(each => this.of(each)) }),
      ...(words === undefined ? this.#here(setting) : { words }),
      ...(value === undefined ? {} : { value: this.#shown(value, setting, written) }),
    }
    return { path, shape, from, ...rest }
  }

  /** What a value comes to on this machine. */
  #here({ path, value }: Setting): { readonly words?: string } {
    const { loaded, source } = this.#read
    const key = formatPath(path)
    if (key === 'workers' && value === 'auto') return { words: `${loaded.snapshot.workers} here` }
    if (key !== 'include' || value === undefined) return {}
    const [, ...included] = source.joined?.files ?? []
    return { words: included.map(({ file }) => file).join(', ') || 'no file' }
  }

  /** Where the value of a setting is written, if it is. */
  #writtenAt(origin: Origin): Path | undefined {
    if (origin.by === 'file') return origin.at
    if (origin.by === 'default') return undefined
    const source = settingAt(this.#root, origin.from)
    return source && this.#writtenAt(source.origin)
  }

  #from(origin: Origin, written: Path | undefined): From {
    const key = origin.by === 'file' || origin.by === 'default' ? {} : { key: formatPath(origin.from) }
    if (written === undefined) return { by: origin.by, ...key }
    const { file, line, column } = locate(this.#read.source, warning(written, '', 'key'))
    const reads = this.#reads.get(formatPath(written))
    const texts = this.#referencesAt(written)
    const variables = [...new Set(texts.flatMap(variablesIn))]
    const unset = variables.filter(name => !this.#env[name])
    return {
      by: origin.by === 'file' && variables.length > 0 ? 'environment' : origin.by,
      ...key,
      place: { file, line, column },
      ...(variables.length === 0 ? {} : { variables }),
      ...(unset.length === 0 ? {} : { unset }),
      ...(reads === undefined ? {} : { reads }),
    }
  }

  /** Texts with references to the environment, as the file has them. */
  #referencesAt(path: Path): string[] {
    const { source, expansion } = this.#read
    const value = path.reduce<unknown>((tree, step) => (tree as never)?.[step], this.#read.config)
    if (Array.isArray(value)) return value.flatMap((_, i) => this.#referencesAt([...path, i]))
    const reference = expansion.expanded.get(nodeAt(source, path))
    return reference === undefined ? [] : [reference]
  }

  /** @param written where it is, if it is written */
  #shown(value: unknown, setting: Setting, written: Path | undefined): unknown {
    if (Array.isArray(value)) return value.map((each, i) => this.#shown(each, setting, written && [...written, i]))
    const keys = setting.path.filter(step => typeof step === 'string')
    const node = written && nodeAt(this.#read.source, written)
    const reference = this.#read.expansion.expanded.get(node)
    if (reference !== undefined) {
      // Of what a variable holds only that is shown which can be no secret: numbers and units, and words that vigia knows.
      return isSecretKey(keys) || !isMeasured(value, setting.shape) ? this.#mask(reference, keys) : value
    }
    const masked = this.#mask(value, keys)
    // Merged in by <<: where it stands is not known, nor whether a reference does.
    if (typeof masked !== 'string' || written === undefined || isScalar(node)) return masked
    return JSON.parse(withoutValues(JSON.stringify(masked), this.#read.expansion)) as string
  }
}

function isMeasured(value: unknown, shape: Shape): boolean {
  if (typeof value !== 'string') return true
  const isUnit = [parseDuration, parseSize, parseShare, parseRate].some(parse => parse(value) !== undefined)
  return isUnit || wordsOf(shape).includes(value)
}

function wordsOf({ const: word, anyOf = [] }: Shape): readonly unknown[] {
  return [word, ...anyOf.flatMap(wordsOf)]
}
