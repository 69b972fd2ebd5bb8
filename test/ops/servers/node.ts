// One server of the rig as a process: started in a folder and a process group of its own, and ended with all that it started.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeFromTemplate } from '../../../bench/harness/template.ts'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/until.ts'
import { Visitor } from './client.ts'
import { APPS, type Server } from './servers.ts'

const SYSTEM_PATH = '/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin'

const groups = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of groups) signalGroup(child, 'SIGKILL')
})

export class Node {
  readonly port: number
  readonly server: Server
  readonly #folder: string
  readonly #behind: number
  #child: ChildProcess | undefined

  private constructor(server: Server, port: number, behind: number) {
    this.server = server
    this.port = port
    this.#behind = behind
    this.#folder = mkdtempSync(join(tmpdir(), `vigia-rig-${server.name}-`))
  }

  /** Resolves when it serves. */
  static async start(server: Server): Promise<Node> {
    const node = new Node(server, await freePort(), await freePort())
    await node.start()
    return node
  }

  async start(): Promise<void> {
    const at = { port: this.port, behind: this.#behind, folder: this.#folder }
    const isRoot = userInfo().uid === 0
    // Apache serves nothing as root: its workers write the journal as another user.
    if (isRoot) chmodSync(this.#folder, 0o777)
    const user = isRoot ? 'www-data' : userInfo().username
    const values = { PORT: at.port, BEHIND: at.behind, FOLDER: at.folder, APPS, USER: user }
    for (const [file, template] of Object.entries(this.server.files ?? {}))
      writeFromTemplate(pathToFileURL(join(APPS, template)), this.#pathOf(file), values)
    for (const [file, source] of Object.entries(this.server.copies ?? {})) copyFileSync(source, this.#pathOf(file))
    const [program = '', ...args] = this.server.command(at)
    const log = openSync(join(this.#folder, 'log'), 'a')
    const child = spawn(program, args, {
      cwd: this.#folder,
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...{ PATH: SYSTEM_PATH, HOME: this.#folder, LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
        ...{ RIG_JOURNAL: this.#journal, ...this.server.env?.(at) },
      },
    })
    closeSync(log)
    this.#child = child
    groups.add(child)
    child.once('close', () => groups.delete(child))
    child.once('error', () => groups.delete(child))
    await until(`${this.server.name} serves; ${this.#lastWords()}`, async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended: ${this.#lastWords()}`)
      return (await new Visitor(this.port, false).ask({ path: '/hello' })) === '200 hello'
    })
  }

  /** Ids of the orders that it carried out, in order. */
  orders(): string[] {
    return existsSync(this.#journal) ? readFileSync(this.#journal, 'utf8').trim().split('\n') : []
  }

  reload(): void {
    if (this.server.reload) this.#child?.kill(this.server.reload)
  }

  /** As a machine that loses its power, but for the resets that its kernel sends. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || !groups.has(child)) return
    const gone = new Promise(resolve => child.once('close', resolve))
    signalGroup(child, 'SIGKILL')
    await gone
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #journal(): string {
    return join(this.#folder, 'journal')
  }

  #pathOf(file: string): string {
    const path = join(this.#folder, file)
    mkdirSync(dirname(path), { recursive: true })
    return path
  }

  #lastWords(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8').trim().split('\n').slice(-5).join(' | ')
  }
}

/** Debian packages of the server that are not there. */
export function missingPackages({ packages }: Pick<Server, 'packages'>): string[] {
  return packages.filter(each => {
    try {
      return !execFileSync('dpkg', ['--status', each], { encoding: 'utf8', stdio: 'pipe' }).includes('ok installed')
    } catch {
      return true
    }
  })
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It has ended.
  }
}
