// Processes for vigias. To load the program costs several times what it costs to start a vigia in it, so a process is kept when its vigia
// has ended, and the next one begins in it (host-program.ts). A test that is about processes themselves gets the real program instead.

import { type ChildProcess, fork, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One `vigia run`. */
export interface Run {
  readonly pid: number
  /** Undefined as long as it runs. */
  readonly exit: Exit | undefined
  readonly exited: Promise<Exit>
  stdout(): string
  stderr(): string
  /** Does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void
}

/** What a host is told. */
export interface HostOrder {
  readonly config: string
}

/** What a host tells when its vigia has ended. */
export interface HostEnd {
  readonly code: number
}

/** Last on both outputs of a vigia: what comes after it is the next one's. */
export const END_OF_OUTPUT = '\u0004\n'

const HOST = fileURLToPath(new URL('./host-program.ts', import.meta.url))
const PROGRAM = fileURLToPath(new URL('../../bin/vigia.js', import.meta.url))

const processes = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of processes) child.kill('SIGKILL')
})

/** Hosts without a vigia. */
const idle: ChildProcess[] = []

/** In a process that may have had others before. */
export function runHosted(config: string): Run {
  const child = idle.pop() ?? startHost()
  const run = new ProcessRun(child)
  const onEnd = ({ code }: HostEnd) => {
    child.off('message', onEnd)
    // What it has written comes by another way.
    run.outputEnded().then(() => {
      if (child.exitCode === null && !child.killed) idle.push(child)
      run.ended({ code, signal: null })
    })
  }
  child.on('message', onEnd)
  child.send({ config } satisfies HostOrder)
  return run
}

/** The real program in a process of its own. @param env more environment variables */
export function runProgram(config: string, env: Readonly<Record<string, string>> = {}, descriptors?: number): Run {
  const command = [process.execPath, PROGRAM, 'run', '-c', config]
  if (descriptors !== undefined) command.unshift('prlimit', `--nofile=${descriptors}:${descriptors}`)
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  return new ProcessRun(keep(child))
}

function startHost(): ChildProcess {
  return keep(fork(HOST, { execArgv: [], silent: true, env: { ...process.env, NO_COLOR: '1' } }))
}

function keep(child: ChildProcess): ChildProcess {
  processes.add(child)
  child.on('close', () => {
    processes.delete(child)
    const at = idle.indexOf(child)
    if (at >= 0) idle.splice(at, 1)
  })
  return child
}

class ProcessRun implements Run {
  exit: Exit | undefined
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #stdout: Output
  readonly #stderr: Output
  readonly #resolve: (exit: Exit) => void
  readonly #onClose = (code: number | null, signal: NodeJS.Signals | null) => this.ended({ code, signal })

  constructor(child: ChildProcess) {
    const { promise, resolve } = Promise.withResolvers<Exit>()
    this.exited = promise
    this.#resolve = resolve
    this.#child = child
    this.#stdout = new Output(child.stdout!)
    this.#stderr = new Output(child.stderr!)
    child.on('close', this.#onClose)
  }

  get pid(): number {
    return this.#child.pid!
  }

  stdout(): string {
    return this.#stdout.text
  }

  stderr(): string {
    return this.#stderr.text
  }

  kill(signal: NodeJS.Signals): void {
    const { exitCode, signalCode } = this.#child
    if (this.exit !== undefined || exitCode !== null || signalCode !== null) return
    if (signal === 'SIGKILL') this.#child.kill(signal)
    // Not by `child.kill`: a host that gets a signal goes on, and must not count as killed.
    else process.kill(this.pid, signal)
  }

  async outputEnded(): Promise<void> {
    await Promise.all([this.#stdout.ended, this.#stderr.ended])
  }

  ended(exit: Exit): void {
    if (this.exit !== undefined) return
    this.exit = exit
    this.#child.off('close', this.#onClose)
    this.#stdout.stop()
    this.#stderr.stop()
    this.#resolve(exit)
  }
}

class Output {
  text = ''
  /** Resolves when the vigia of a host has written all of it. */
  readonly ended: Promise<void>
  readonly #stream: Readable
  readonly #onData: (chunk: Buffer) => void

  constructor(stream: Readable) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#stream = stream
    this.#onData = chunk => {
      this.text += chunk.toString()
      if (!this.text.endsWith(END_OF_OUTPUT)) return
      this.text = this.text.slice(0, -END_OF_OUTPUT.length)
      resolve()
    }
    stream.on('data', this.#onData)
  }

  stop(): void {
    this.#stream.off('data', this.#onData)
  }
}
