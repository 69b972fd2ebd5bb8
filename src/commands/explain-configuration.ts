// vigia check --explain: all that is in force, each value with where it comes from. Of the file alone: it asks no vigia, and no DNS.

import { formatPath, formatProblem } from '../config/forms/problem.ts'
import { explainConfig, type InForce } from '../config/in-force/explain.ts'
import { findKeys } from '../config/in-force/find.ts'
import { type CheckOptions, type CheckOutput, TERMINAL, tooMuchAdvice } from './check.ts'
import { EXIT } from './words/exit-codes.ts'
import { inForceLines } from './words/in-force-lines.ts'
import { terminalColumns } from './words/paragraphs.ts'

export interface ExplainOptions extends CheckOptions {
  /** A key, told with what is below it; true = all there is. */
  readonly explain: string | true
}

/** @returns the exit code: as `check`, and 2 where there is no such key */
export function explainConfiguration(
  { config, strict, explain, json }: ExplainOptions,
  io: CheckOutput = TERMINAL,
): number {
  const explained = explainConfig(config, io.env)
  if (!explained.ok) {
    for (const problem of explained.problems) io.err(formatProblem(problem))
    return EXIT.badConfiguration
  }
  const { advice } = explained.loaded
  const found = findKeys(explained, typeof explain === 'string' ? explain : '')
  if (!found.ok) {
    io.err(`vigia: ${found.message}`)
    return EXIT.usage
  }
  if (json) io.out(JSON.stringify({ file: config, keys: found.keys.flatMap(keysIn), idle: found.idle }, null, 2))
  else {
    const columns = terminalColumns()
    const color = columns !== undefined && io.env.NO_COLOR === undefined
    const lines = inForceLines(found.keys, { file: config, columns, color })
    if (lines.length > 0) io.out(lines.join('\n'))
  }
  if (found.idle !== undefined) io.err(found.idle)
  if (!strict || advice.length === 0) return EXIT.ok
  for (const each of advice) io.err(formatProblem(each))
  io.err(tooMuchAdvice(config, explained.loaded))
  return EXIT.badConfiguration
}

/** One object for each key that has a value, or words in its place. */
function keysIn({ path, below, isList, value, words, from }: InForce): object[] {
  if (below !== undefined && below.length > 0) return below.flatMap(keysIn)
  const empty = isList ? [] : {}
  const said = below === undefined ? (value ?? null) : empty
  return [{ key: formatPath(path), value: said, ...(words === undefined ? {} : { words }), from }]
}
