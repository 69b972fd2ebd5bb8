// docs/reference/commands.md: every command with its options, and the exit codes, in the program's own words.

import type { Command, Option } from 'commander'
import { EXIT } from '../../src/commands/words/exit-codes.ts'
import { argumentWord, optionWords, sentence, wordsAfter } from '../man/commands-page.ts'
import { commentOf, commentsOf } from './comments.ts'
import { block, code, codeCell, line, page, table } from './markdown.ts'

/** Of every command that asks a running vigia. What most of them say of it is said once. */
const ASKING = ['--admin', '--json', '--token-file', '--ca-file']

/** @param program described, with all its commands */
export function commandsPage(program: Command): string {
  const commands = program.commands.flatMap(command => runnable(command, 'vigia'))
  const common = commonOptions(commands.map(({ command }) => command).filter(asksVigia))
  return page(
    '# Commands',
    `${line(program.description())} What stands here, \`vigia --help\` and \`vigia COMMAND --help\` say too.`,
    optionTable(program.options),
    block(wordsAfter(program)),
    '## Exit codes',
    exitCodes(),
    '## Options of commands that ask a running vigia',
    optionTable(common),
    ...commands.map(({ command, name }) => commandText(command, name, common)),
  )
}

interface Named {
  readonly command: Command
  readonly name: string
}

/** The command, and those below it; one that does nothing by itself is left out. */
function runnable(command: Command, above: string): Named[] {
  const name = `${above} ${command.name()}`
  const isGroup =
    command.commands.length > 0 && command.registeredArguments.length === 0 && command.options.length === 0
  return [...(isGroup ? [] : [{ command, name }]), ...command.commands.flatMap(each => runnable(each, name))]
}

function asksVigia(command: Command): boolean {
  return ASKING.every(name => command.options.some(({ long }) => long === name))
}

/** Each as most of the commands spell it. */
function commonOptions(asking: readonly Command[]): readonly Option[] {
  return ASKING.map(name => {
    const spelled = asking.map(({ options }) => options.find(({ long }) => long === name)!)
    return [...Map.groupBy(spelled, ({ description }) => description).values()].reduce((a, b) =>
      b.length > a.length ? b : a,
    )[0]!
  })
}

function commandText(command: Command, name: string, common: readonly Option[]): string {
  const asks = asksVigia(command)
  const described = command.registeredArguments.filter(({ description }) => description !== '')
  const own = command.options.filter(
    ({ long, description }) => !common.some(each => each.long === long && each.description === description),
  )
  const usage = [name, ...command.registeredArguments.map(argumentWord)].join(' ')
  const after = wordsAfter(command)
  return [
    `## ${name}`,
    `${code(usage)}${asks ? ' · asks a running vigia' : ''}`,
    line(sentence(command.description())),
    table(
      ['argument', 'what it is'],
      described.map(each => [codeCell(argumentWord(each)), line(each.description)]),
    ),
    optionTable(own),
    after === '' ? '' : block(after),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function optionTable(options: Command['options']): string {
  return table(
    ['option', 'what it does'],
    options.map(option => [codeCell(option.flags), line(optionWords(option))]),
  )
}

function exitCodes(): string {
  const said = commentsOf('commands/words/exit-codes.ts', 'EXIT')
  return table(
    ['code', 'means'],
    Object.entries(EXIT).map(([name, number]) => [String(number), line(commentOf(said, name))]),
  )
}
