// vigia convert: makes a configuration of vigia from one of HAProxy, nginx, Caddy or Traefik, and says line by line what it could not
// carry over. Starts nothing and changes no file but the one that it is told to write.

import { randomBytes } from 'node:crypto'
import { chmodSync, globSync, statSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { type RegularFile, readRegularFile, TOO_LARGE } from '../config/read/regular-file.ts'
import { ReadFault, type Surroundings } from './convert/directive.ts'
import { Draft } from './convert/draft.ts'
import { judge } from './convert/judge.ts'
import { CONVERTERS, PRODUCTS, type Product, productOf } from './convert/products.ts'
import { inOrder, reportLines } from './convert/report.ts'
import { EXIT } from './words/exit-codes.ts'

export interface ConvertOptions {
  /** Default: as the file's name and contents say. */
  readonly from?: Product
  /** The file to write; default: standard output. */
  readonly output?: string
  /** Replaces a file of that name. */
  readonly force: boolean
  readonly json: boolean
}

export interface ConvertOutput {
  readonly env: NodeJS.ProcessEnv
  readonly out: (text: string) => void
  readonly err: (line: string) => void
}

/** How a comment begins that says what is left to do. */
const TODO = '# TODO '
const LARGEST_SUM_BYTES = 16 * 1024 * 1024
const SECRET_BYTES = 32
const OWNER_ONLY = 0o600
const FOR_ALL = 0o644

const TERMINAL: ConvertOutput = {
  env: process.env,
  out: text => process.stdout.write(text),
  err: line => console.error(line),
}

/** @returns the exit code: 0 = converted; 1 = the result says TODO, or something that protects is not converted; 2 = it can't be read */
export function convert(file: string, options: ConvertOptions, io: ConvertOutput = TERMINAL): number {
  const { output, force, json } = options
  if (output !== undefined && !force && statSync(output, { throwIfNoEntry: false }) !== undefined) {
    io.err(`vigia: ${output} is there already: name another file, or replace it with --force`)
    return EXIT.usage
  }
  const draft = new Draft(randomBytes(SECRET_BYTES).toString('hex'))
  let product: Product | undefined
  try {
    const around = surroundings(io.env)
    const text = around.read(file)
    if (text === undefined) throw new ReadFault({ file, line: 1 }, 'the file is not there, or can not be read')
    product = options.from ?? productOf(file, text)
    if (product === undefined)
      throw new ReadFault({ file, line: 1 }, `whose configuration is this? Say so with --from ${PRODUCTS.join('|')}`)
    CONVERTERS[product](file, text, around, draft)
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error
    io.err(`${error.place.file}:${error.place.line}: ${error.message}`)
    return EXIT.usage
  }

  const target = output ?? 'vigia.yaml'
  const { text, problems } = judge(
    draft,
    `Converted from ${basename(file)} (${product}) by vigia convert.`,
    target,
    io.env,
  )
  if (output !== undefined) {
    writeFileSync(output, text, { mode: draft.holdsSecret ? OWNER_ONLY : FOR_ALL })
    // One that was there before keeps the rights that it had.
    if (draft.holdsSecret) chmodSync(output, OWNER_ONLY)
  }
  const isLeft = text.includes(TODO) || draft.notes.some(({ kind }) => kind === 'unsafe')
  if (json) {
    const notes = inOrder(draft.notes).map(({ kind, place, directive, message }) => ({
      kind,
      ...place,
      directive,
      message,
    }))
    io.out(`${JSON.stringify({ product, configuration: text, notes, problems }, null, 2)}\n`)
    return isLeft ? EXIT.badConfiguration : EXIT.ok
  }
  if (output === undefined) io.out(text)
  for (const line of reportLines(draft.notes)) io.err(line)
  if (problems.length > 0) io.err('vigia check refuses the result; each place says TODO vigia check:')
  for (const { path, message } of problems) io.err(`  ${path === '' ? '' : `${path}: `}${message}`)
  const where = output ?? 'the result'
  io.err(
    isLeft
      ? `Left to do: look for TODO in ${where}, then: vigia check -c FILE`
      : `${where} passes the check. Read what behaves differently, then: vigia run -c ${output ?? 'FILE'}`,
  )
  return isLeft ? EXIT.badConfiguration : EXIT.ok
}

function surroundings(env: NodeJS.ProcessEnv): Surroundings {
  let sum = 0
  return {
    read(path) {
      let file: RegularFile
      try {
        file = readRegularFile(resolve(path))
      } catch {
        return undefined
      }
      if ('not' in file) {
        if (file.not === TOO_LARGE) throw new ReadFault({ file: path, line: 1 }, 'the file is larger than 1 MiB')
        return undefined
      }
      sum += file.bytes.byteLength
      if (sum > LARGEST_SUM_BYTES)
        throw new ReadFault({ file: path, line: 1 }, 'the files together are larger than 16 MiB')
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(file.bytes)
      } catch {
        throw new ReadFault({ file: path, line: 1 }, 'the file is not UTF-8 text')
      }
    },
    find: pattern =>
      globSync(pattern)
        .filter(path => statSync(path, { throwIfNoEntry: false })?.isFile())
        .sort(),
    variable: name => env[name],
  }
}
