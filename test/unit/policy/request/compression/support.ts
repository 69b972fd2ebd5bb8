// Fields as they are read from a wire, and a plan that compresses.

import { fieldOf } from '../../../../../src/http/field-names.ts'
import type { Fields } from '../../../../../src/http/fields.ts'
import type { CompressionPlan } from '../../../../../src/plan/compression.ts'

/** @param lines `Name: value` */
export function fieldsOf(lines: readonly string[]): Fields {
  const names = lines.map(line => line.slice(0, line.indexOf(':')))
  return {
    names,
    values: lines.map(line => line.slice(line.indexOf(':') + 1).trim()),
    kinds: names.map(fieldOf),
  }
}

export function linesOf({ names, values }: Fields): string[] {
  return names.map((name, i) => `${name}: ${values[i]}`)
}

export const PLAN: CompressionPlan = {
  types: ['text/*', 'application/json', 'application/*+json'],
  minBytes: 1000,
  codings: ['zstd', 'br', 'gzip'],
  level: 'fast',
  offload: false,
  secrets: false,
}
