// vigia init: four questions, or flags; asks the nodes what they are, writes the smallest right configuration, and says how to go on.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { check } from '../check.ts'
import { EXIT } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { configurationFor, portOf, type Wanted } from './configuration.ts'
import { type Found, findOut } from './find-out.ts'
import { type NodeAddress, parseNodes } from './nodes.ts'
import { ERPS, type Erp, profileOf } from './profiles.ts'

export interface InitOptions {
  readonly erp?: string
  readonly nodes?: string
  readonly host?: string
  readonly secondSite?: string
  readonly output: string
  readonly force: boolean
}

export interface InitOutput {
  readonly env: NodeJS.ProcessEnv
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** Undefined = there is nobody to ask. */
  readonly ask: ((question: string) => Promise<string>) | undefined
}

const MOST_NODES = 100
/** Where the packages' service looks for its configuration. */
const SERVICE_FILE = '/etc/vigia/vigia.yaml'
const SCHEMA = fileURLToPath(new URL('../../../config/schema.json', import.meta.url))
const HOST = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/** Wrong answers, or flags that are missing: one line. */
class Wrong extends Error {}

/** Resolves with the exit code. */
export async function init(options: InitOptions, io?: InitOutput): Promise<number> {
  const terminal = io === undefined && process.stdin.isTTY ? createInterface(process.stdin, process.stderr) : undefined
  const output = io ?? {
    env: process.env,
    out: line => console.log(line),
    err: line => console.error(line),
    ask: terminal && (question => terminal.question(question)),
  }
  try {
    return await make(options, output)
  } catch (error) {
    if (!(error instanceof Wrong)) throw error
    output.err(error.message)
    return EXIT.usage
  } finally {
    terminal?.close()
  }
}

async function make({ erp, nodes, host, secondSite, output, force }: InitOptions, io: InitOutput): Promise<number> {
  const wantedErp = erp === undefined ? undefined : knownErp(erp)
  const first = readNodes(
    nodes ?? (await question(io, '--nodes', 'Nodes (address or address:port, separated by commas): ')),
  )
  if (first.length === 0) throw new Wrong('name at least one node: --nodes 10.0.0.11,10.0.0.12')
  const site = readHost(host ?? (await question(io, '--host', 'Host name that users type (empty = any): ', '')))
  const second = readNodes(
    secondSite ?? (await question(io, '--second-site', 'Nodes of a second site, which stand by (empty = none): ', '')),
  )
  const found = await lookAt([...first, ...second], wantedErp, site, io)
  const guess = found.find(each => each.erp !== undefined)?.erp
  const chosen = wantedErp ?? knownErp((await question(io, '--erp', erpQuestion(guess), guess)) || guess || '')
  const isService = resolve(output) === SERVICE_FILE
  const secret = randomBytes(32).toString('hex')
  const wanted = { erp: chosen, nodes: first, secondSite: second, host: site, secret, isService }
  write(output, configurationFor(wanted, SCHEMA), force)
  io.out(`${output}: written for ${profileOf(chosen).title}`)
  const code = await check({ config: output }, io)
  for (const line of nextSteps(output, wanted)) io.out(line)
  return code
}

/** @param fallback where nobody can be asked; undefined = its flag is missing */
async function question({ ask }: InitOutput, flag: string, words: string, fallback?: string): Promise<string> {
  if (ask !== undefined) return (await ask(words)).trim()
  if (fallback === undefined) throw new Wrong(`there is no terminal to ask at: give ${flag} (vigia init --help)`)
  return fallback
}

function erpQuestion(guess: Erp | undefined): string {
  return `ERP (${ERPS.join(', ')})${guess === undefined ? '' : ` [${guess}]`}: `
}

function knownErp(text: string): Erp {
  const found = ERPS.find(each => each === text.trim().toLowerCase())
  if (found === undefined) throw new Wrong(`"${printable(text)}" is no ERP that vigia knows: one of ${ERPS.join(', ')}`)
  return found
}

function readNodes(text: string): readonly NodeAddress[] {
  const nodes = parseNodes(text)
  if ('wrong' in nodes)
    throw new Wrong(`"${printable(nodes.wrong)}" is no node: write 10.0.0.11, erp-1:8069 or https://erp-1:8443`)
  if (nodes.length > MOST_NODES) throw new Wrong(`more than ${MOST_NODES} nodes`)
  return nodes
}

function readHost(text: string): string {
  if (text === '' || HOST.test(text)) return text.toLowerCase()
  throw new Wrong(`"${printable(text)}" is no host name: write erp.example.com`)
}

async function lookAt(
  nodes: readonly NodeAddress[],
  erp: Erp | undefined,
  host: string,
  { out }: InitOutput,
): Promise<readonly Found[]> {
  const found = await Promise.all(nodes.map(node => findOut(node, erp, host)))
  for (const { url, said } of found) out(`  ${url}: ${printable(said)}`)
  return found
}

function write(file: string, text: string, force: boolean): void {
  try {
    writeFileSync(file, text, { flag: force ? 'w' : 'wx', mode: 0o640 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why =
      code === 'EEXIST' ? 'is there already: name another with --output, or --force' : `can't be written (${code})`
    throw new Wrong(`${file} ${why}`)
  }
}

function nextSteps(file: string, { erp, nodes, host, isService }: Wanted): string[] {
  const { onNodes } = profileOf(erp)
  const start = isService ? 'systemctl enable --now vigia' : `vigia run -c ${file}`
  return [
    '',
    'On the nodes:',
    ...onNodes.map(each => `  ${each}`),
    ...(nodes.length === 1 ? ['  (with one node a failure of it is seen by all: a second one is worth it)'] : []),
    'Then:',
    `  ${start}  # start; users reach it on port ${portOf({ isService })}`,
    '  vigia status  # who serves, and why one does not',
    `  vigia route http://${host || 'localhost'}/ -c ${file}  # what happens to a request`,
  ]
}
