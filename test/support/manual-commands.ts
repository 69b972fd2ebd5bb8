// What becomes of a command line of the manual when a test runs it: names of this machine in the place of those that are written.

import type { CommandLine } from './documents.ts'

/** Where things are that the manual has at fixed places. */
export interface Places {
  /** In the place of /etc/vigia/vigia.yaml. */
  readonly configFile: string
  /** A folder that stands for /etc, /var and those below. */
  readonly root: string
  /** `127.0.0.1:N` of the listener, of the admin listener, and of two nodes. */
  readonly web: string
  readonly admin: string
  readonly nodes: readonly [string, string]
}

/** Programs that the manual names and the test does not run, and who does. */
export const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  apt: 'test/ops/package/run.sh',
  systemctl: 'test/ops/package/service.sh',
  journalctl: 'test/ops/package/service.sh',
  npm: 'test/ops/packed.sh',
  install: 'test/ops/package/service.sh',
  sh: 'packaging/tar/install.sh',
  docker: 'test/ops/container.sh',
  kubectl: 'test/ops/kubernetes/run.sh',
  helm: 'test/ops/kubernetes/run.sh',
}

/** Of the manual's words for something of one's own: `REQUEST-ID` and the like are given by the test. */
export type Placeholders = Readonly<Record<string, string>>

/** These say by exit code 1 that they have found something. */
const FINDS = new Set(['convert', 'status', 'certificates', 'doctor', 'logs', 'why', 'route'])
/** These write the file that is named as the running vigia's: they get another. */
const WRITES = new Set(['init', 'convert'])
/** A running vigia is what all others ask; the demo has a test of its own. */
const ONLY_PARSED = new Set(['run', 'demo'])
/** They go on for ever. */
const ENDLESS = new Set(['-f', '--follow', '-w', '--watch'])

export interface Runnable {
  /** Of vigia, without its name. */
  readonly args: readonly string[]
  readonly isOnlyParsed: boolean
  readonly exitCodes: readonly number[]
}

/** The program of a line, whoever it is run as. */
export function programOf({ words }: CommandLine): string {
  const [first = '', second = ''] = words
  return first === 'sudo' ? second : first
}

/** The words after the program's name, without what the shell does with its output. */
export function argumentsOf({ words }: CommandLine): readonly string[] {
  const end = words.indexOf('>')
  return words.slice(words[0] === 'sudo' ? 2 : 1, end < 0 ? undefined : end)
}

export function runnable(command: CommandLine, places: Places, placeholders: Placeholders): Runnable {
  const [verb = '', ...rest] = argumentsOf(command)
  const files = WRITES.has(verb) ? { ...places, configFile: `${places.root}/written-${verb}.yaml` } : places
  const args = rest
    .filter(each => !ENDLESS.has(each))
    .map((each, i) => mapped(placeholders[each] ?? each, isRestored(verb, rest[i - 1]) ? elsewhere(places) : files))
  return {
    args: [verb, ...args, ...(WRITES.has(verb) && !args.includes('--force') ? ['--force'] : [])],
    isOnlyParsed: ONLY_PARSED.has(verb),
    exitCodes: FINDS.has(verb) ? [0, 1] : [0],
  }
}

/** A store comes back on a machine where no vigia runs. */
function isRestored(verb: string, option: string | undefined): boolean {
  return verb === 'restore' && option === '--store'
}

export function elsewhere(places: Places): Places {
  return { ...places, root: `${places.root}/new-machine` }
}

export function mapped(word: string, { configFile, root, web, admin, nodes }: Places): string {
  return word
    .replaceAll('/etc/vigia/vigia.yaml', configFile)
    .replace(/^\/(?:etc|var|srv)\//, `${root}$&`)
    .replace(/\b10\.[09]\.0\.\d*1\b(?::\d+)?/g, nodes[0])
    .replace(/\b10\.[09]\.0\.\d*[2-9]\b(?::\d+)?/g, nodes[1])
    .replace('127.0.0.1:9900', admin)
    .replace(/^(\d{4})(?=-\d{2}-\d{2}T)/, (_, year: string) => String(yearLike(Number(year))))
    .replace(/^http:\/\/127\.0\.0\.1(?::80(?:80)?)?(?=\/)/, `http://${web}`)
}

/** Of the years to come the first whose days are those of another: a window of the manual must not be open while a test runs. */
function yearLike(year: number): number {
  const shape = (each: number) => [0, 2].map(month => new Date(Date.UTC(each, month, 1)).getUTCDay()).join()
  let found = new Date().getUTCFullYear() + 1
  while (shape(found) !== shape(year)) found += 1
  return found
}
