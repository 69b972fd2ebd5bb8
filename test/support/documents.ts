// What stands in docs/ in blocks and in backticks: configurations and command lines, with their places. For the tests that run them.

import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
/** Records of decisions and the map for engineers are about the source; the reference is made of what the program itself says. */
const NOT_WRITTEN_FOR_OPERATORS = /^docs\/(?:decisions\/|reference\/|finding-your-way\.md$)/

export interface Block {
  /** `docs/quick-start.md:12` */
  readonly place: string
  /** Of the fence: sh, yaml ...; '' = not said. */
  readonly language: string
  readonly text: string
}

export interface CommandLine {
  readonly place: string
  /** As they reach the program: quotes and `\` at the end of a line are done with. */
  readonly words: readonly string[]
}

/** What is written for operators, relative to the root, in order. */
export const MANUAL = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .map(name => `docs/${name}`)
  .filter(name => name.endsWith('.md') && !NOT_WRITTEN_FOR_OPERATORS.test(name))
  .sort()

export function blocksOf(document: string): Block[] {
  const blocks: Block[] = []
  let open: { place: string; language: string; indent: number; lines: string[] } | undefined
  for (const [i, line] of readFileSync(join(ROOT, document), 'utf8').split('\n').entries()) {
    const fence = /^( *)```(\w*)\s*$/.exec(line)
    if (fence === null) open?.lines.push(line.slice(open.indent))
    else if (open === undefined) {
      const [, indent = '', language = ''] = fence
      open = { place: `${document}:${i + 2}`, language, indent: indent.length, lines: [] }
    } else {
      blocks.push({ place: open.place, language: open.language, text: `${open.lines.join('\n')}\n` })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${open.place}: the block has no end`)
  return blocks
}

/** The command lines of a block of the shell; each part of a pipe is one. */
export function commandsOf({ place, text }: Block): CommandLine[] {
  const [, document = '', first = ''] = /^(.*):(\d+)$/.exec(place) ?? []
  const commands: CommandLine[] = []
  let line = Number(first)
  let start = line
  let whole = ''
  for (const each of text.split('\n')) {
    if (whole === '') start = line
    line += 1
    whole += each.endsWith('\\') ? `${each.slice(0, -1)} ` : each
    if (each.endsWith('\\')) continue
    for (const words of wordsOf(whole)) commands.push({ place: `${document}:${start}`, words })
    whole = ''
  }
  return commands
}

/** What stands in backticks and begins with the name of the program. */
export function inlineCommandsOf(document: string): CommandLine[] {
  const text = readFileSync(join(ROOT, document), 'utf8').replace(/^ *```[\s\S]*?^ *```/gm, block =>
    block.replace(/[^\n]/g, ''),
  )
  return [...text.matchAll(/`((?:sudo )?vigia(?: [^`]+)?)`/g)].flatMap(({ 1: code = '', index }) => {
    const place = `${document}:${text.slice(0, index).split('\n').length}`
    // A bar in a table is escaped.
    return wordsOf(code.replaceAll('\\|', '|').replace(/\s+/g, ' ')).map(words => ({ place, words }))
  })
}

/** The words of each command of one line of a shell, as far as the manual uses it: quotes, comments, pipes, `&&`, output into files. */
export function wordsOf(line: string): string[][] {
  const commands: string[][] = [[]]
  for (const [token] of line.matchAll(/#.*|\||&&|>|(?:"[^"]*"|'[^']*'|[^\s"'|>#])(?:"[^"]*"|'[^']*'|[^\s"'|>])*/g)) {
    if (token.startsWith('#')) break
    if (token === '|' || token === '&&') commands.push([])
    else commands.at(-1)!.push(token === '>' ? token : token.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
  }
  return commands.filter(words => words.length > 0)
}
