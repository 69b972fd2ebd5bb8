// vigia(1): the commands, in their own words (src/commands/spelling/).

import type { EventEmitter } from 'node:events'
import type { Command, Option } from 'commander'
import { block, head, prose, roff, term } from './roff.ts'

const FILES = [
  ['/etc/vigia/vigia.yaml', 'The configuration of the service that the Debian package brings; see `vigia.yaml`(5).'],
  ['/var/lib/vigia', 'Its store: audit, orders of operators, certificates by ACME.'],
  ['/var/log/vigia', 'Its access log, where there is one. Its own log is in the journal: `journalctl -u vigia`.'],
] as const

/** @param program described, with all its commands */
export function commandsPage(program: Command, version: string): string {
  return `${[
    head('vigia', 1, version, 'load balancer and reverse proxy for the web nodes of an ERP'),
    '.SH SYNOPSIS\n\\fBvigia\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...',
    `.SH DESCRIPTION\n${prose(program.description())}`,
    '.SH OPTIONS',
    ...program.options.map(option => term(option.flags, option.description)),
    '.SH COMMANDS',
    ...program.commands.flatMap(command => commandText(command, 'vigia')),
    `.SH NOTES\n${block(wordsAfter(program))}`,
    '.SH FILES',
    ...FILES.map(([file, what]) => term(file, what)),
    '.SH SEE ALSO\n\\fBvigia.yaml\\fR(5)',
  ].join('\n')}\n`
}

function commandText(command: Command, above: string): string[] {
  const name = `${above} ${command.name()}`
  if (command.commands.length > 0 && command.registeredArguments.length === 0 && command.options.length === 0)
    return command.commands.flatMap(each => commandText(each, name))
  const described = command.registeredArguments.filter(({ description }) => description !== '')
  const after = wordsAfter(command)
  return [
    `.SS ${roff([name, ...command.registeredArguments.map(argumentWord)].join(' '))}\n${prose(sentence(command.description()))}`,
    ...described.map(each => term(argumentWord(each), each.description)),
    ...command.options.map(option => term(option.flags, optionWords(option))),
    ...(after === '' ? [] : [`.PP\n${block(after)}`]),
    ...command.commands.flatMap(each => commandText(each, name)),
  ]
}

/** `<pool>`, `[file...]`. */
export function argumentWord(argument: Command['registeredArguments'][number]): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

/** What it does, what may be given, and what counts where it is not. */
export function optionWords({ description, argChoices, defaultValue, mandatory }: Option): string {
  const choices = argChoices === undefined ? '' : ` One of: ${argChoices.join(', ')}.`
  const default_ = defaultValue === undefined || defaultValue === false ? '' : ` Default: ${String(defaultValue)}.`
  return `${sentence(description)}${choices}${default_}${mandatory ? ' Has to be given.' : ''}`
}

export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.)]$/.test(begun) ? begun : `${begun}.`
}

/** What `--help` prints below everything else. */
export function wordsAfter(command: Command): string {
  let text = ''
  // Commander's own types leave out what it is: an emitter of events.
  ;(command as unknown as EventEmitter).emit('afterHelp', {
    error: false,
    command,
    write: (piece: string) => (text += piece),
  })
  return text.trim() === '' ? '' : text
}
