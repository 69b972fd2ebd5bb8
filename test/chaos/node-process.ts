// One upstream process as the harness holds it: starts it on its port, steers it, kills, stops and restarts it. Ends only its own.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until, within } from '../support/until.ts'
import type { FromNode, Mode, NodeSetup, ToNode } from './modes.ts'

const PROGRAM = fileURLToPath(new URL('./upstream.ts', import.meta.url))

const running = new Set<ChildProcess>()
// Also one that stands still: it would not notice that nobody is there any more.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class NodeProcess {
  readonly setup: NodeSetup
  #child: ChildProcess | undefined
  #orders = 0
  #done = 0
  #stopped = false
  #closing = false

  constructor(setup: NodeSetup) {
    this.setup = setup
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    if (this.#closing) return
    let listening = false
    const child = fork(PROGRAM, [JSON.stringify(this.setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    running.add(child)
    child.on('exit', () => running.delete(child))
    this.#child = child
    this.#orders = 0
    this.#done = 0
    child.on('message', (message: FromNode) => {
      if ('listening' in message) listening = true
      else this.#done = message.done
    })
    child.on('error', () => {})
    await until(`${this.setup.name} listens`, () => {
      if (child.exitCode !== null) throw new Error(`${this.setup.name} ended at its start (code ${child.exitCode})`)
      return listening
    })
  }

  /** Resolves when it does as told. */
  async become(mode: Mode): Promise<void> {
    const child = this.#child
    if (!child?.connected) return
    this.#orders += 1
    const order = this.#orders
    child.send({ mode, order } satisfies ToNode)
    await until(`${this.setup.name} is ${mode.kind}`, () => this.#done >= order || child.exitCode !== null)
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Asks it to finish what it does and to leave. */
  async leave(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** SIGSTOP: everything stands still, its connections stay. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
    this.#stopped = true
  }

  thaw(): void {
    if (this.#stopped) this.#child?.kill('SIGCONT')
    this.#stopped = false
  }

  async close(): Promise<void> {
    this.#closing = true
    this.thaw()
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
    child.kill(signal)
    await within(10_000, `${this.setup.name} does not end after ${signal}`, ended)
  }
}
