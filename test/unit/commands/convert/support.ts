// Converts what a test writes, or an input beside it, as `vigia convert` does, with files in memory.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Surroundings } from '../../../../src/commands/convert/directive.ts'
import { Draft } from '../../../../src/commands/convert/draft.ts'
import { judge } from '../../../../src/commands/convert/judge.ts'
import { CONVERTERS, type Product } from '../../../../src/commands/convert/products.ts'

export const INPUTS = join(import.meta.dirname, 'inputs')
const CERTIFICATES = join(import.meta.dirname, '../../control/fixtures/tls')
export const SECRET = 'a-secret-of-the-test-0123456789abcdef'

// biome-ignore lint/suspicious/noExplicitAny: a document is looked at in its own form, which a schema of its own is about
type Part = any

/** What was written, as YAML reads it. */
export interface Written extends Readonly<Record<string, unknown>> {
  readonly listeners: readonly Part[]
  readonly routes: readonly Part[]
  readonly pools: Readonly<Record<string, Part>>
}

export interface Converted {
  readonly text: string
  readonly document: Written
  /** `kind FILE:LINE: directive`, in the order of their making. */
  readonly notes: readonly string[]
  readonly messages: readonly string[]
  /** What `vigia check` would refuse. */
  readonly problems: readonly string[]
}

/** @param files by name, beside the first one @param env variables */
export function convertText(
  product: Product,
  text: string,
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
  name = 'FILE',
): Converted {
  const around: Surroundings = {
    read: path => files[path],
    find: pattern => {
      const expression = new RegExp(`^${pattern.replace(/[.+()]/g, '\\$&').replace(/\*+\/?/g, '.*')}$`)
      return Object.keys(files).filter(path => path === pattern || expression.test(path))
    },
    variable: name => env[name],
  }
  const draft = new Draft(SECRET)
  CONVERTERS[product](name, text, around, draft)
  const judged = judge(draft, 'Converted', join(INPUTS, 'vigia.yaml'), {})
  return {
    text: judged.text,
    document: parse(judged.text) as Written,
    notes: draft.notes.map(({ kind, place, directive }) => `${kind} ${place.file}:${place.line}: ${directive}`),
    messages: draft.notes.map(({ message }) => message),
    problems: judged.problems.map(({ path, message }) => `${path}: ${message}`),
  }
}

/** An input of the folder; `/tls/` stands for that of the certificates. */
export function convertInput(product: Product, file: string): Converted {
  return convertText(product, inputText(file), { 'beginnings.map': inputText('beginnings.map') }, {}, file)
}

export function inputText(file: string): string {
  return readFileSync(join(INPUTS, file), 'utf8').replaceAll('/tls/', `${CERTIFICATES}/`)
}
