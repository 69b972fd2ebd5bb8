// vigia completion: scripts that complete vigia's command line in a shell, made from the commands themselves. Decides nothing about them.

import type { Command, Option } from 'commander'
import { EXIT } from './words/exit-codes.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface Choice {
  readonly word: string
  readonly description: string
}

interface OptionWords extends Choice {
  readonly short: string | undefined
  readonly takes: 'nothing' | 'text' | 'file' | 'choice'
  readonly choices: readonly string[]
}

/** A command by its path: `` (vigia itself), `in-doubt`, `in-doubt resolve`. */
interface Place {
  readonly path: string
  readonly commands: readonly Choice[]
  readonly options: readonly OptionWords[]
  /** What its argument may be, where that is one of a few. */
  readonly choices: readonly string[]
}

export function completion(shell: Shell, program: Command): number {
  const places = placesOf(program, '')
  console.log({ bash, zsh, fish }[shell](places))
  return EXIT.ok
}

function placesOf(command: Command, path: string): Place[] {
  const below = command.commands
  const place: Place = {
    path,
    commands: below.map(each => ({ word: each.name(), description: each.description() })),
    options: [...command.options.map(wordsOf), { ...HELP }],
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }
  return [place, ...below.flatMap(each => placesOf(each, path === '' ? each.name() : `${path} ${each.name()}`))]
}

const HELP: OptionWords = { word: '--help', short: '-h', description: 'print help', takes: 'nothing', choices: [] }

function wordsOf({ long, short, description, argChoices, flags }: Option): OptionWords {
  const value = /[<[]([a-z]+)/.exec(flags)?.[1]
  const takes = argChoices ? 'choice' : value === undefined ? 'nothing' : value === 'file' ? 'file' : 'text'
  return { word: long ?? short!, short, description, takes, choices: argChoices ?? [] }
}

function bash(places: readonly Place[]): string {
  const options = new Map(places.flatMap(({ options: each }) => each).map(option => [option.word, option]))
  const spellings = (wanted: (option: OptionWords) => boolean) =>
    [...options.values()].filter(wanted).flatMap(({ word, short }) => (short === undefined ? [word] : [word, short]))
  const cases = places.map(
    ({ path, commands, options: own, choices }) =>
      `    ${quoted(path)}) words=${quoted([...commands.map(({ word }) => word), ...choices, ...own.map(({ word }) => word)].join(' '))} ;;`,
  )
  const files = spellings(({ takes }) => takes === 'file')
  const texts = spellings(({ takes }) => takes === 'text')
  const choosing = [...options.values()].filter(({ takes }) => takes === 'choice')
  return `# bash completion for vigia: vigia completion bash > /etc/bash_completion.d/vigia
_vigia() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="" words="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${paths(places).map(quoted).join('|')}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$prev" in
    # Nothing is said: the shell completes names of files.
    ${files.join('|')}) return ;;
    ${texts.join('|')}) compopt +o default; return ;;
${choosing.map(({ word, choices }) => `    ${word}) mapfile -t COMPREPLY < <(compgen -W ${quoted(choices.join(' '))} -- "$cur"); return ;;`).join('\n')}
  esac
  case "$at" in
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _vigia vigia`
}

function zsh(places: readonly Place[]): string {
  const entry = ({ word, description }: Choice) => quoted(`${word.replaceAll(':', '\\:')}:${description}`)
  const cases = places.map(({ path, commands, options, choices }) => {
    const words = [...commands, ...choices.map(word => ({ word, description: '' }))]
    const valued = options
      .filter(({ takes }) => takes !== 'nothing')
      .map(({ word, short, takes, choices: of }) => {
        const what =
          takes === 'file' ? '_files' : takes === 'choice' ? `compadd -- ${of.join(' ')}` : "_message 'a value'"
        return `        ${short === undefined ? word : `${word}|${short}`}) ${what}; return ;;`
      })
    return `    ${quoted(path)})
      case "$prev" in
${valued.length === 0 ? '        *) ;;' : valued.join('\n')}
      esac
      list=(${words.map(entry).join(' ')})
      options=(${options.map(entry).join(' ')})
      ;;`
  })
  return `#compdef vigia
# zsh completion for vigia: vigia completion zsh > "\${fpath[1]}/_vigia"
_vigia() {
  local at="" word prev="\${words[CURRENT-1]}"
  local -a list options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${at:+$at }$word" in
      ${paths(places).map(quoted).join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at" in
${cases.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]] || (( \${#list} == 0 )); then _describe -o option options; else _describe command list; fi
}
if [[ "\${funcstack[1]}" == _vigia ]]; then _vigia "$@"; else compdef _vigia vigia; fi`
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options, choices }) => {
    const at = `complete -c vigia -n ${quoted(`__vigia_at ${quoted(path)}`)}`
    return [
      ...commands.map(({ word, description }) => `${at} -f -a ${quoted(word)} -d ${quoted(description)}`),
      ...choices.map(word => `${at} -f -a ${quoted(word)}`),
      ...options.map(({ word, short, takes, choices: of, description }) => {
        const names = `-l ${word.replace(/^--/, '')}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
        const value = { nothing: '', text: ' -x', file: ' -r -F', choice: ` -x -a ${quoted(of.join(' '))}` }[takes]
        return `${at} ${names}${value} -d ${quoted(description)}`
      }),
    ]
  })
  return `# fish completion for vigia: vigia completion fish > ~/.config/fish/completions/vigia.fish
function __vigia_at
    set -l at
    for word in (commandline -opc)[2..-1]
        if contains -- "$at$word" ${paths(places).map(quoted).join(' ')}
            set at "$at$word "
        end
    end
    test (string trim -- "$at") = "$argv[1]"
end
complete -c vigia -f
${lines.join('\n')}`
}

/** Of all but vigia itself. */
function paths(places: readonly Place[]): string[] {
  return places.map(({ path }) => path).filter(path => path !== '')
}

/** For a shell, in single quotes; what is quoted may be quoted again. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
