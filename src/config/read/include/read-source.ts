// A configuration's text with all that it includes: `include: [conf.d/*.yaml]`. A file counts with its own entries first, then with those
// of the files that it includes, in their order. What may be included is bounded, and nothing is included twice.

import { realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join as joinPath, resolve } from 'node:path'
import { isScalar, isSeq } from 'yaml'
import { error, type Path, type Problem, quote } from '../../forms/problem.ts'
import { readBytes } from '../files.ts'
import { type Grants, mayInclude, NOT_INCLUDED } from '../grants.ts'
import { LARGEST_BYTES, locate, nodeAt, type Parsed, parseSource, placeWords, type Source } from '../source.ts'
import { INCLUDE, join } from './join.ts'
import { holdsMark, joinFiles, type KeptFile, splitFiles } from './kept-files.ts'
import { list } from './listing.ts'
import { hasWildcard } from './wildcard.ts'

/** Besides the configuration file. */
const MOST_FILES = 1000
/** What the configuration file includes is at depth 1. */
const DEEPEST = 4
const TOO_MANY = `more than ${MOST_FILES} files: join some of them`
/** Bytes of a line between two files, besides the name. */
const MARK_BYTES = 64

export interface SourceRead {
  readonly parsed: Parsed
  /** All of it as one text, for what keeps configurations; see kept-files.ts. */
  readonly whole: string
  /** What the configuration file alone says; undefined = the text was that of several files. */
  readonly own: string | undefined
  /** Of included files, and of the folders in which they were looked for. */
  readonly inputs: ReadonlyMap<string, string>
  /** As they were written, but absolute: paths and patterns. */
  readonly includes: readonly string[]
  /** Absolute paths of the files that these are. */
  readonly included: readonly string[]
}

/**
 * Never throws. Reads what is included from the disk, unless the text holds it.
 * @param file names it in problems; what it includes is looked for beside it @param grants see `loadBytes`
 */
export function readSource(bytes: Uint8Array, file: string, grants?: Grants): SourceRead {
  const none = { inputs: new Map<string, string>(), includes: [], included: [] }
  const kept = splitFiles(bytes)
  if (kept !== undefined)
    return { parsed: joinKept(kept, file), whole: new TextDecoder().decode(bytes), own: undefined, ...none }
  const parsed = parseSource(bytes, file)
  const own = parsed.ok ? parsed.source.text : ''
  if (!parsed.ok || nodeAt(parsed.source, [INCLUDE]) === undefined) return { parsed, whole: own, own, ...none }
  const walk = new Walk(parsed.source, grants)
  const { inputs, includes, included } = walk
  return { parsed: walk.joined(), whole: walk.whole(), own, inputs, includes, included }
}

/** Of a text that `whole` was once. Never throws, and looks at no file. @param file default: as it was called then */
export function parseKept(text: string, file?: string): Parsed {
  const bytes = new TextEncoder().encode(text)
  const kept = splitFiles(bytes)
  return kept === undefined ? parseSource(bytes, file ?? '') : joinKept(kept, file ?? kept[0]?.name ?? '')
}

function joinKept(kept: readonly KeptFile[], file: string): Parsed {
  if (kept.length > MOST_FILES + 1) {
    const problem = { severity: 'error', file, line: 1, column: 1, path: '', message: `it is of ${TOO_MANY}` } as const
    return { ok: false, problems: [problem] }
  }
  const all = kept.map(({ name, text }, i) =>
    parseSource(new TextEncoder().encode(text), i === 0 ? file : shownName(name, file), i > 0),
  )
  const problems = all.flatMap(each => (each.ok ? [] : each.problems))
  return problems.length > 0 ? { ok: false, problems } : joinAll(all.flatMap(each => (each.ok ? [each.source] : [])))
}

function joinAll(sources: readonly Source[]): Parsed {
  const { source, problems } = join(sources as [Source, ...Source[]])
  return problems.length > 0 ? { ok: false, problems } : { ok: true, source }
}

/** As people find it: from where the configuration file was named. It goes onto terminals. */
function shownName(name: string, file: string): string {
  return (isAbsolute(name) ? name : joinPath(dirname(file), name)).replace(/[\x00-\x1f\x7f-\x9f]/g, '?')
}

interface Included {
  /** See `KeptFile`. */
  readonly name: string
  /** The same, absolute. */
  readonly path: string
}

/** The entry of a list that is looked at. */
interface Entry {
  readonly source: Source
  readonly at: Path
  /** Of the file that it stands in. */
  readonly depth: number
}

/** Through all that a configuration includes. */
class Walk {
  readonly inputs = new Map<string, string>()
  readonly includes: string[] = []
  readonly included: string[] = []
  readonly #main: Source
  readonly #grants: Grants | undefined
  readonly #kept: KeptFile[] = []
  readonly #sources: Source[] = []
  readonly #problems: Problem[] = []
  /** What each file is, for people, by where it really is. */
  readonly #seen = new Map<string, string>()
  #bytes = 0
  /** There is too much of it: nothing more is read. */
  #isFull = false

  constructor(main: Source, grants: Grants | undefined) {
    this.#main = main
    this.#grants = grants
    this.#seen.set(realPath(resolve(main.file)), 'the configuration file itself')
    this.#bytes = Buffer.byteLength(main.text) + 2 * MARK_BYTES
    this.#take(main, basename(main.file), 0)
  }

  joined(): Parsed {
    return this.#problems.length > 0 ? { ok: false, problems: this.#problems } : joinAll(this.#sources)
  }

  whole(): string {
    return joinFiles(this.#kept)
  }

  /** A file, and then what it includes. @param name see `KeptFile` */
  #take(source: Source, name: string, depth: number): void {
    if (holdsMark(source.text))
      this.#refuse({ source, at: [] }, 'holds a line that stands only in what vigia keeps: --- # vigia: file')
    this.#sources.push(source)
    this.#kept.push({ name, text: source.text })
    const files = nodeAt(source, [INCLUDE])
    // Of the configuration file the schema says what is wrong.
    const refuse = (at: Path, message: string) => source !== this.#main && this.#refuse({ source, at }, message)
    if (files !== undefined && !isSeq(files)) refuse([INCLUDE], 'expected a list of files, such as [conf.d/*.yaml]')
    for (const i of isSeq(files) ? files.items.keys() : []) {
      const at = [INCLUDE, i]
      const node = nodeAt(source, at)
      if (!isScalar(node) || typeof node.value !== 'string' || node.value === '')
        refuse(at, 'expected the path of a file, such as conf.d/*.yaml')
      else this.#include({ source, at, depth }, node.value, dirname(name))
    }
  }

  /** @param folder of the file that the entry stands in, as a name */
  #include(entry: Entry, written: string, folder: string): void {
    if (written.includes('$' + '{')) return this.#refuse(entry, 'a variable cannot stand in it: write the path')
    if (hasWildcard(dirname(written)))
      return this.#refuse(entry, '* and ? may stand in the name of the file only, not in its folder')
    if (entry.depth === DEEPEST)
      return this.#refuse(entry, `files may be included ${DEEPEST} deep: include it in one of those above this one`)
    const name = isAbsolute(written) ? resolve(written) : joinPath(folder, written)
    const path = resolve(dirname(this.#main.file), name)
    if (this.#grants !== undefined && !mayInclude(path, this.#grants))
      return this.#refuse(entry, `${quote(written)} ${NOT_INCLUDED}`)
    this.includes.push(path)
    if (!hasWildcard(written)) return this.#read(entry, { name, path })

    const listing = list(path)
    this.inputs.set(path, listing.print)
    if ('code' in listing)
      return this.#refuse(entry, `the folder ${quote(dirname(name))} cannot be listed (${listing.code})`)
    for (const each of listing.names)
      this.#read(entry, { name: joinPath(dirname(name), each), path: joinPath(dirname(path), each) })
  }

  #read(entry: Entry, { name, path }: Included): void {
    if (this.#isFull) return
    const real = realPath(path)
    const before = this.#seen.get(real)
    if (before !== undefined) return this.#refuse(entry, `${quote(name)} is ${before}: nothing is included twice`)
    this.#seen.set(real, `included at ${placeWords(entry.source, nodeAt(entry.source, entry.at))} already`)
    if (this.#seen.size > MOST_FILES + 1) return this.#stop(entry, TOO_MANY)
    const found = readBytes(path)
    this.inputs.set(path, found.print)
    if ('failed' in found) return this.#refuse(entry, `the file ${quote(name)} ${found.failed}`)
    this.#bytes += found.bytes.length + Buffer.byteLength(JSON.stringify(name)) + MARK_BYTES
    if (this.#bytes > LARGEST_BYTES)
      return this.#stop(entry, 'all files together are larger than 1 MiB: this is hardly a configuration')
    this.included.push(path)
    const parsed = parseSource(found.bytes, shownName(name, this.#main.file), true)
    if (parsed.ok) this.#take(parsed.source, name, entry.depth + 1)
    else this.#problems.push(...parsed.problems)
  }

  #stop(entry: Entry, message: string): void {
    this.#isFull = true
    this.#refuse(entry, message)
  }

  #refuse({ source, at }: Pick<Entry, 'source' | 'at'>, message: string): void {
    this.#problems.push(locate(source, error(at, message)))
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}
