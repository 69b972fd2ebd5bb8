// A configuration's text in one form: two spaces a level, spaces in brackets and quotes alike everywhere, at most one empty line. Only
// white space and quotes are touched, so that comments, keys and what people broke into lines stay where they are. That the result says
// the same is checked here, not assumed.

import { type CST, LineCounter, Parser } from 'yaml'
import type { Problem } from '../forms/problem.ts'
import { parseSource, plainValues } from '../read/source.ts'

export type FormattedConfig =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problems: readonly Problem[] }

interface Line {
  /** 0-based, of its first character that is no space. */
  readonly column: number
  /** Where an item of a block begins on it: the column that it gets. */
  item?: number
  /** It continues a text of several lines, in which white space may count. */
  inText?: boolean
}

interface Edit {
  readonly to: number
  readonly instead: string
}

const INDENT = 2

/** Never throws. @param bytes of any file of a configuration @param file names it in problems */
export function formatConfig(bytes: Uint8Array, file: string): FormattedConfig {
  const parsed = parseSource(bytes, file, true)
  if (!parsed.ok) return parsed
  const text = parsed.source.text.replaceAll('\r\n', '\n')
  try {
    const formatted = inForm(text)
    if (saysTheSame(text, formatted)) return { ok: true, text: formatted }
  } catch {
    // As below.
  }
  const message = 'can not be brought into another form without a change of what it says: it is left as it is'
  return { ok: false, problems: [{ severity: 'error', file, line: 1, column: 1, path: '', message }] }
}

function inForm(text: string): string {
  const counter = new LineCounter()
  const lines: Line[] = text.split('\n').map(each => ({ column: /^ */.exec(each)![0].length }))
  for (const token of tokensOf(text, counter)) if (token.type === 'document') layOut(token.value, 0, lines, counter)
  // No edit touches the end of a line: these are the same lines.
  return written(edited(text).split('\n'), lines)
}

function tokensOf(text: string, counter?: LineCounter): CST.Token[] {
  return [...new Parser(counter?.addNewLine).parse(text)]
}

/** The columns of items; what continues a text is marked. */
function layOut(
  token: CST.Token | null | undefined,
  column: number,
  lines: readonly Line[],
  counter: LineCounter,
): void {
  if (token?.type === 'block-map' || token?.type === 'block-seq') {
    for (const item of token.items) {
      const first = [...item.start.filter(({ type }) => !isBetween(type)), item.key, ...(item.sep ?? [])].find(
        each => each != null,
      )
      const { line, col } = counter.linePos(first?.offset ?? 0)
      if (first !== undefined && lines[line - 1]!.column === col - 1) lines[line - 1]!.item = column
      layOut(item.key, column + INDENT, lines, counter)
      layOut(item.value, column + INDENT, lines, counter)
    }
    return
  }
  if (token === null || token === undefined || !('source' in token)) return
  const from = counter.linePos(token.offset).line
  const to = from + token.source.replace(/\n$/, '').split('\n').length - 1
  // A block scalar begins with the line after its header.
  const lead = token.type === 'block-scalar' ? 0 : 1
  for (const line of lines.slice(from - 1 + lead, to)) line.inText = true
}

function isBetween(type: string): boolean {
  return type === 'space' || type === 'newline' || type === 'comment'
}

function written(texts: readonly string[], lines: readonly Line[]): string {
  const out: string[] = []
  let shift = 0
  for (const [i, line] of lines.entries()) {
    const text = texts[i]!
    if (line.item !== undefined) shift = line.item - line.column
    if (line.inText) out.push(text.trim() === '' ? text : moved(text, line.column + shift))
    else if (text.trim() === '') {
      if (out.length > 0 && out.at(-1) !== '') out.push('')
    } else {
      const column = line.item ?? (text.trimStart().startsWith('#') ? columnOfComment(lines, i) : line.column + shift)
      out.push(moved(text, column).trimEnd())
    }
  }
  if (out.at(-1) !== '') out.push('')
  return out.join('\n')
}

/** Like the item that it stands before, or the last one that was as far in as it is. */
function columnOfComment(lines: readonly Line[], at: number): number {
  const { column } = lines[at]!
  const isItem = (line: Line) => line.item !== undefined
  const next = lines.slice(at).find(isItem)
  if (next?.column === column) return next.item!
  return lines.slice(0, at).findLast(line => isItem(line) && line.column === column)?.item ?? column
}

function moved(text: string, column: number): string {
  return ' '.repeat(Math.max(0, column)) + text.trimStart()
}

/** Spaces within lines, and quotes. */
function edited(text: string): string {
  const spaces = new Map<number, Edit>()
  const quotes = new Map<number, Edit>()
  const space = (from: number, to: number, instead: string): void => {
    if (/^[ \t]*$/.test(text.slice(from, to))) spaces.set(from, { to, instead })
  }
  const before = (at: number): number => at - /[ \t]*$/.exec(text.slice(Math.max(0, at - 200), at))![0].length
  const after = (at: number): number => at + /^[ \t]*/.exec(text.slice(at, at + 200))![0].length
  const look = (token: CST.Token | null | undefined): void => {
    if (token?.type === 'single-quoted-scalar') {
      const inner = token.source.slice(1, -1)
      if (!/["\\\n]/.test(inner))
        quotes.set(token.offset, {
          to: token.offset + token.source.length,
          instead: `"${inner.replaceAll("''", "'")}"`,
        })
    }
    if (token?.type === 'block-map' || token?.type === 'block-seq') {
      for (const { start, key, sep, value } of token.items) {
        const marks = [...start, ...(sep ?? [])]
        for (const [i, { type, offset }] of marks.entries()) {
          const isMark = type === 'seq-item-ind' || type === 'map-value-ind'
          const next = marks.slice(i + 1).find(each => each.type !== 'space')?.type
          // Before a comment spaces may be there to align it.
          if (isMark && (next === undefined || !isBetween(next)) && (value || key))
            space(offset + 1, after(offset + 1), ' ')
          if (type === 'map-value-ind') space(before(offset), offset, '')
        }
        look(key)
        look(value)
      }
    }
    if (token?.type === 'flow-collection') inBrackets(token)
  }
  const inBrackets = (token: CST.FlowCollection): void => {
    const end = token.end.find(({ type }) => type === 'flow-map-end' || type === 'flow-seq-end')
    const isOnLine = end !== undefined && !text.slice(token.start.offset, end.offset).includes('\n')
    for (const { start, key, sep, value } of token.items) {
      look(key)
      look(value)
      if (!isOnLine) continue
      for (const { type, offset } of [...start, ...(sep ?? [])]) {
        if (type !== 'comma' && type !== 'map-value-ind') continue
        space(before(offset), offset, '')
        if (type === 'comma' || value) space(offset + 1, after(offset + 1), ' ')
      }
    }
    if (!isOnLine) return
    const isEmpty = text.slice(token.start.offset + 1, end.offset).trim() === ''
    const padding = token.start.type === 'flow-map-start' && !isEmpty ? ' ' : ''
    space(token.start.offset + 1, after(token.start.offset + 1), padding)
    space(before(end.offset), end.offset, padding)
  }
  for (const token of tokensOf(text)) if (token.type === 'document') look(token.value)
  let result = ''
  let done = 0
  for (const [from, { to, instead }] of [...spaces, ...quotes].sort(([a], [b]) => a - b)) {
    if (from < done) continue
    result += text.slice(done, from) + instead
    done = to
  }
  return result + text.slice(done)
}

/** Values, with the keys in their order. */
function saysTheSame(before: string, after: string): boolean {
  const [one, other] = [before, after].map(text => {
    const parsed = parseSource(new TextEncoder().encode(text), '', true)
    return parsed.ok ? plainValues(parsed.source) : undefined
  })
  return one !== undefined && other !== undefined && JSON.stringify(one) === JSON.stringify(other)
}
