// Owns the processes of the sample nodes: starts them, starts a dead one again after a while, answers their database calls, ends them all.

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { memoryDatabase } from './database.ts'
import {
  type Call,
  type NodeStart,
  type NodeState,
  type Parent,
  SIGN_MS,
  type ToNode,
  type ToParent,
} from './messages.ts'

export interface NodeAddress {
  readonly name: string
  readonly host: string
  readonly port: number
}

export type FleetEvent =
  | { readonly kind: 'listening'; readonly node: string; readonly pid: number; readonly again: boolean }
  | {
      readonly kind: 'ended'
      readonly node: string
      readonly pid: number
      readonly how: string
      readonly restartMs: number
    }
  | { readonly kind: 'health'; readonly node: string; readonly passing: boolean }
  | { readonly kind: 'cannot-listen'; readonly node: string; readonly reason: string }

interface FleetOptions {
  /** How long a node that died stays away. */
  readonly restartMs: number
  readonly onEvent: (event: FleetEvent) => void
}

interface NodeProcess {
  readonly address: NodeAddress
  child: ChildProcess | undefined
  listening: boolean
  passing: boolean
  /** When it was last heard of, ms. */
  heardMs: number
  starts: number
  restart: NodeJS.Timeout | undefined
}

const PROGRAM = new URL('./erp-node.ts', import.meta.url)
const END_WITHIN_MS = 1_000
/** A node that gives no sign for so long is frozen. */
const SILENT_MS = 4 * SIGN_MS

export class DemoFleet {
  readonly #nodes: readonly NodeProcess[]
  readonly #options: FleetOptions
  readonly #filesDirectory = mkdtempSync(join(tmpdir(), 'vigia-demo-'))
  readonly #parent: Parent
  #closing = false

  constructor(addresses: readonly NodeAddress[], options: FleetOptions) {
    this.#options = options
    this.#nodes = addresses.map(address => ({
      address,
      child: undefined,
      listening: false,
      passing: true,
      heardMs: 0,
      starts: 0,
      restart: undefined,
    }))
    this.#parent = {
      ...memoryDatabase(order => this.#broadcast({ type: 'order', order })),
      nodes: async () => this.states(),
      setHealth: async (name, passing) => this.#tell(name, { type: 'set-health', passing }),
      crash: async name => this.#running(name)?.child?.kill('SIGKILL') ?? false,
    }
  }

  /** Starts every node; resolves when all listen, rejects when one can't. */
  async start(): Promise<void> {
    await Promise.all(
      this.#nodes.map(async node => {
        const failure = await this.#start(node)
        if (failure !== undefined) throw new Error(`sample node ${node.address.name} can't start: ${failure}`)
      }),
    )
  }

  states(): readonly NodeState[] {
    return this.#nodes.map(node => ({
      name: node.address.name,
      url: `http://${node.address.host}:${node.address.port}`,
      pid: node.child?.pid,
      state: stateOf(node),
    }))
  }

  /** Ends every node; one that does not end by itself within a second is killed. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.all(this.#nodes.map(node => this.#end(node)))
    rmSync(this.#filesDirectory, { recursive: true, force: true })
  }

  /** Resolves with undefined once the node listens, else with the reason why it doesn't. */
  #start(node: NodeProcess): Promise<string | undefined> {
    const start: NodeStart = { ...node.address, filesDirectory: this.#filesDirectory }
    const child = fork(PROGRAM, [JSON.stringify(start)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      // JSON would turn an argument that is undefined into null.
      serialization: 'advanced',
    })
    node.child = child
    node.passing = true
    node.starts += 1
    return new Promise(resolve => {
      child.on('message', (message: ToParent) => {
        if (message.type === 'listening') resolve(undefined)
        if (message.type === 'cannot-listen') resolve(message.reason)
        this.#received(node, child, message)
      })
      child.on('error', error => resolve(error.message))
      child.on('exit', (code, signal) => {
        const how = signal === null ? `ended with code ${code}` : `killed by ${signal}`
        resolve(how)
        this.#ended(node, child, how)
      })
    })
  }

  #received(node: NodeProcess, child: ChildProcess, message: ToParent): void {
    const { name } = node.address
    const { onEvent } = this.#options
    node.heardMs = performance.now()
    switch (message.type) {
      case 'alive':
        break
      case 'listening':
        node.listening = true
        onEvent({ kind: 'listening', node: name, pid: child.pid!, again: node.starts > 1 })
        break
      case 'cannot-listen':
        onEvent({ kind: 'cannot-listen', node: name, reason: message.reason })
        break
      case 'health':
        node.passing = message.passing
        onEvent({ kind: 'health', node: name, passing: message.passing })
        break
      case 'call':
        void this.#answer(child, message)
        break
    }
  }

  async #answer(child: ChildProcess, { id, method, args }: Call): Promise<void> {
    try {
      const serve = this.#parent[method] as (...args: readonly unknown[]) => Promise<unknown>
      send(child, { type: 'answer', id, value: await serve(...args) })
    } catch (error) {
      send(child, { type: 'refusal', id, error: error instanceof Error ? error.message : String(error) })
    }
  }

  #ended(node: NodeProcess, child: ChildProcess, how: string): void {
    node.child = undefined
    node.listening = false
    if (this.#closing) return
    const { restartMs, onEvent } = this.#options
    onEvent({ kind: 'ended', node: node.address.name, pid: child.pid!, how, restartMs })
    node.restart = setTimeout(() => void this.#start(node), restartMs)
  }

  async #end(node: NodeProcess): Promise<void> {
    clearTimeout(node.restart)
    const { child } = node
    if (child === undefined) return
    const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
    // SIGKILL also ends a process that was stopped with SIGSTOP.
    const killer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
    if (child.connected) child.disconnect()
    await ended
    clearTimeout(killer)
  }

  #running(name: string): NodeProcess | undefined {
    return this.#nodes.find(node => node.address.name === name && node.listening)
  }

  #tell(name: string, message: ToNode): boolean {
    const child = this.#running(name)?.child
    if (child === undefined) return false
    send(child, message)
    return true
  }

  #broadcast(message: ToNode): void {
    for (const { child } of this.#nodes) if (child !== undefined) send(child, message)
  }
}

function stateOf({ listening, passing, heardMs }: NodeProcess): NodeState['state'] {
  if (!listening) return 'down'
  if (performance.now() - heardMs > SILENT_MS) return 'frozen'
  return passing ? 'running' : 'failing'
}

function send(child: ChildProcess, message: ToNode): void {
  // A node may be gone by the time the answer is there: then nobody waits for it.
  if (child.connected) child.send(message, () => {})
}
