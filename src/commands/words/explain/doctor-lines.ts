// What `vigia doctor` has found, as people read it: what is wrong first. Pure text.

import { styleText } from 'node:util'
import { printable } from '../text.ts'
import { wrap } from '../wrap.ts'

export interface ShownFinding {
  readonly severity: 'ok' | 'note' | 'warning' | 'error'
  readonly what: string
  readonly advice: string | undefined
}

const ORDER = ['error', 'warning', 'note', 'ok'] as const
const MARKS = { error: 'ERROR', warning: 'warning', note: 'note', ok: 'ok' } as const
const COLORS = { error: 'red', warning: 'yellow', note: 'cyan', ok: 'green' } as const
/** As wide as the widest mark, and a gap. */
const INDENT = ' '.repeat(9)

export interface DoctorLayout {
  readonly color: boolean
  /** Of the terminal; undefined = nobody counts them. */
  readonly columns: number | undefined
}

export function doctorLines(
  findings: readonly ShownFinding[],
  { color, columns = Number.POSITIVE_INFINITY }: DoctorLayout,
): string[] {
  const sorted = ORDER.flatMap(severity => findings.filter(each => each.severity === severity))
  const lines = sorted.flatMap(({ severity, what, advice }) => {
    const mark = MARKS[severity]
    const told = wrap(printable(what), columns, INDENT, INDENT)
    const shown = color ? styleText(COLORS[severity], mark, { validateStream: false }) : mark
    const first = shown + told[0]!.slice(mark.length)
    return [
      first,
      ...told.slice(1),
      ...(advice === undefined ? [] : wrap(`-> ${printable(advice)}`, columns, `${INDENT}   `, INDENT)),
    ]
  })
  return [...lines, '', summary(findings)]
}

function summary(findings: readonly ShownFinding[]): string {
  const count = (severity: ShownFinding['severity'], noun: string) => {
    const number = findings.filter(each => each.severity === severity).length
    return `${number} ${noun}${number === 1 ? '' : 's'}`
  }
  const counts = [count('error', 'error'), count('warning', 'warning'), count('note', 'note')].join(', ')
  return `${counts}; ${findings.length} things were looked at.`
}
