// How an explanation is laid out in a terminal: headings, sentences below them, all times in its zone, no line wider than it. Pure text.

import { printable } from './text.ts'
import { withLocalTimes } from './times.ts'
import { wrap } from './wrap.ts'

const INDENT = '  '

/** With an empty line before it. */
export function heading(text: string): string {
  return `\n${text}`
}

/** A sentence below a heading. */
export function paragraph(text: string): string[] {
  return [`${INDENT}${text}`]
}

/** @param columns of the terminal; undefined = nobody counts them */
export function laidOut(lines: readonly string[], zone: string, columns = Number.POSITIVE_INFINITY): string {
  return lines
    .flatMap(line => line.split('\n'))
    .flatMap(line => {
      const [indent = ''] = /^ */.exec(line) ?? []
      const text = printable(withLocalTimes(line.trimStart(), zone))
      return wrap(text, columns, `${indent}  `, indent)
    })
    .join('\n')
}

/** Of standard output, where it is a terminal. */
export function terminalColumns(): number | undefined {
  return process.stdout.isTTY === true ? process.stdout.columns : undefined
}
