// Every command in docs/ is one that exists. Those in blocks are run, in the order in which they stand: vigia's against one vigia with
// the pools that the manual speaks of, curl against its listeners. What installs or changes a machine is tried by the scripts of test/ops.

import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Command, CommanderError } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ERPS, profileOf } from '../../../src/commands/init/profiles.ts'
import { describe as spelled } from '../../../src/commands/spelling/program.ts'
import { vigiaCommand } from '../../support/command.ts'
import { blocksOf, type CommandLine, commandsOf, inlineCommandsOf, MANUAL } from '../../support/documents.ts'
import {
  argumentsOf,
  elsewhere,
  mapped,
  type Places,
  programOf,
  RUN_ELSEWHERE,
  runnable,
} from '../../support/manual-commands.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const INPUTS = join(ROOT, 'test/unit/commands/convert/inputs')
/** As vigia init names them. */
const POOLS = ERPS.map(erp => profileOf(erp).pools[0]!.name)
const LANGUAGES = new Set(['sh', 'yaml', 'json', 'text'])
const IN_BLOCKS = MANUAL.map(document => ({
  document,
  commands: blocksOf(document)
    .filter(({ language }) => language === 'sh')
    .flatMap(commandsOf),
})).filter(({ commands }) => commands.length > 0)

const root = mkdtempSync(join(tmpdir(), 'vigia-manual-'))
let vigia: Vigia
let places: Places
const nodes: Server[] = []

beforeAll(async () => {
  const ports = [await startNode(), await startNode(), await startNode()]
  for (const folder of ['etc/nginx/sites-enabled', 'etc/haproxy', 'var/log/vigia', 'var/backups'])
    mkdirSync(join(root, folder), { recursive: true })
  for (const at of ['', 'new-machine/']) mkdirSync(join(root, at, 'var/lib/vigia'), { recursive: true })
  copyFileSync(join(INPUTS, 'odoo.nginx.conf'), join(root, 'etc/nginx/sites-enabled/odoo'))
  copyFileSync(join(INPUTS, 'odoo.haproxy.cfg'), join(root, 'etc/haproxy/haproxy.cfg'))
  const pool = (prefix: string) => ({
    health: 'off',
    outlier: 'off',
    failback: 'manual',
    upstreams: [
      ...ports.slice(0, 2).map((port, i) => ({ name: `${prefix}-${i + 1}`, url: `http://127.0.0.1:${port}` })),
      { name: 'dr-1', url: `http://127.0.0.1:${ports[2]}`, priority: 1 },
    ],
  })
  vigia = await startVigia({
    config: {
      routes: [
        ...POOLS.map(pool => ({ name: pool, match: { path: `/${pool}` }, pool })),
        { name: 'orders', match: { path: '/api/orders' }, pool: 'erp', hold: {} },
        { name: 'web', pool: 'erp' },
      ],
      pools: Object.fromEntries(POOLS.map(name => [name, pool(name)])),
      store: join(root, 'var/lib/vigia/vigia.db'),
      accessLog: { path: join(root, 'var/log/vigia/access.log') },
    },
  })
  places = {
    configFile: vigia.configFile,
    root,
    web: `127.0.0.1:${vigia.port}`,
    admin: `127.0.0.1:${vigia.adminPort}`,
    nodes: [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`],
  }
})

afterAll(async () => {
  await vigia?.stop()
  for (const node of nodes) node.close()
  rmSync(root, { recursive: true, force: true })
})

test('every block says what it is', () => {
  const others = MANUAL.flatMap(blocksOf).filter(({ language }) => !LANGUAGES.has(language))
  expect(others.map(({ place, language }) => `${place}: "${language}"`)).toEqual([])
})

test('every command that is named is spelled as vigia takes it', async () => {
  const all = [...MANUAL.flatMap(inlineCommandsOf), ...IN_BLOCKS.flatMap(({ commands }) => commands)]
  const vigias = all.filter(command => programOf(command) === 'vigia')
  const wrong: string[] = []
  for (const command of vigias) {
    const refusal = await refusalOf(argumentsOf(command))
    if (refusal !== undefined) wrong.push(`${command.place}: ${command.words.join(' ')}: ${refusal}`)
  }
  expect(wrong).toEqual([])
  expect(vigias.length).toBeGreaterThan(50)
})

test('a command that does not exist, or lacks something, would be found', async () => {
  expect(await refusalOf(['drian', 'erp/erp-1'])).toContain('unknown command')
  expect(await refusalOf(['drain', 'erp/erp-1'])).toContain('--reason')
  expect(await refusalOf(['status', '--wach'])).toContain('unknown option')
})

test('what the manual leaves to other programs is tried by a script that exists', () => {
  const programs = IN_BLOCKS.flatMap(({ commands }) => commands.map(programOf))
  const unknown = programs.filter(each => each !== 'vigia' && each !== 'curl' && !(each in RUN_ELSEWHERE))
  expect(unknown).toEqual([])
  expect(Object.values(RUN_ELSEWHERE).filter(script => !existsSync(join(ROOT, script)))).toEqual([])
})

describe.each(IN_BLOCKS)('$document', ({ commands }) => {
  test('its commands do what they should', async () => {
    await vigiaCommand(['backup', join(root, 'var/backups/vigia.db'), '--store', storeFile(), '--force'])
    const failed: string[] = []
    for (const command of commands) {
      const failure = await failureOf(command)
      if (failure !== undefined) failed.push(`${command.place}: ${command.words.join(' ')}: ${failure}`)
    }
    await tidyUp()
    expect(failed).toEqual([])
  })
})

function storeFile(): string {
  return join(root, 'var/lib/vigia/vigia.db')
}

/** What vigia says of the spelling; undefined = it takes it. A command that is only named lacks what it needs, and may. */
async function refusalOf(args: readonly string[]): Promise<string | undefined> {
  const said: string[] = []
  const program = spelled(new Command('vigia'), () => {})
  withoutEffect(program, text => said.push(text))
  const isOnlyNamed = args.length <= 2 && args.every(each => /^[a-z-]+$/.test(each)) && isCommand(program, args)
  try {
    if (!isOnlyNamed) await program.parseAsync(args, { from: 'user' })
    return undefined
  } catch (error) {
    // --version and --help end so, too.
    return error instanceof CommanderError && error.exitCode === 0 ? undefined : (said[0]?.trim() ?? String(error))
  }
}

function isCommand(program: Command, names: readonly string[]): boolean {
  let at: Command | undefined = program
  for (const name of names) at = at?.commands.find(each => each.name() === name)
  return at !== undefined
}

function withoutEffect(command: Command, say: (text: string) => void): void {
  command.exitOverride().configureOutput({ writeErr: say, writeOut: say })
  if (command.commands.length === 0) command.action(() => {})
  for (const each of command.commands) withoutEffect(each, say)
}

async function failureOf(command: CommandLine): Promise<string | undefined> {
  const program = programOf(command)
  if (program === 'curl') return curlFailure(argumentsOf(command))
  if (program !== 'vigia') return undefined
  const isResolved = command.words.includes('in-doubt')
  const { args, isOnlyParsed, exitCodes } = runnable(command, places, {
    'REQUEST-ID': isResolved ? await inDoubtId() : await requestId(),
    'POOL/UPSTREAM': 'erp/erp-1',
  })
  if (isOnlyParsed) return undefined
  if (args[0] === 'restore') rmSync(storeFolderElsewhere(), { recursive: true, force: true })
  if (args[0] === 'restore') mkdirSync(storeFolderElsewhere(), { recursive: true })
  const { code, stdout, stderr } = await vigiaCommand(args, undefined, { VIGIA_ADMIN: `http://${places.admin}` })
  return exitCodes.includes(code ?? -1) ? undefined : `exit code ${code}: ${stderr}${stdout}`
}

function storeFolderElsewhere(): string {
  return dirname(mapped('/var/lib/vigia/vigia.db', elsewhere(places)))
}

async function curlFailure(args: readonly string[]): Promise<string | undefined> {
  const given = ['-sS', '--fail', '--max-time', '60', ...args.map(each => mapped(each, places))]
  return promisify(execFile)('curl', given).then(
    () => undefined,
    (error: Error) => error.message,
  )
}

/** Of a request that was answered well. */
async function requestId(): Promise<string> {
  const { headers } = await fetch(`http://${places.web}/web/login`)
  return headers.get('x-request-id') ?? ''
}

/** Of one that broke off on its upstream. */
async function inDoubtId(): Promise<string> {
  const { headers } = await fetch(`http://${places.web}/break-off`, { method: 'POST', body: 'an order' })
  return headers.get('x-request-id') ?? ''
}

/** Orders and windows of a document are not met by the next one. */
async function tidyUp(): Promise<void> {
  const ask = (...args: string[]) => vigiaCommand(args, undefined, { VIGIA_ADMIN: `http://${places.admin}` })
  const { windows } = JSON.parse((await fetchText(vigia.adminPort, '/maintenance')).body)
  for (const { name } of windows) await ask('maintenance', 'remove', name, '--reason', 'tried')
  const { pools } = await vigia.status()
  const held = pools.flatMap(({ name: pool, upstreams }) =>
    upstreams.filter(({ state }) => state !== 'available').map(({ name }) => `${pool}/${name}`),
  )
  for (const each of held) await ask('enable', each)
}

/** A node that is well, takes its time for nothing, and breaks off where it is told to. */
async function startNode(): Promise<number> {
  const node = createServer((request, response) => {
    if (request.url === '/break-off') request.socket.destroy()
    else response.setHeader('content-type', 'application/json').end('{"status": "pass"}')
  })
  nodes.push(node)
  await new Promise<void>(done => node.listen(0, '127.0.0.1', done))
  return (node.address() as AddressInfo).port
}
