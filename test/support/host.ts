// Processes that run commands of vigia, `run` above all. To load the program costs several times what it costs to start a vigia in it, so
// a process is kept when its command has ended, and the next one begins in it (host-program.ts). A test that is about processes
// themselves gets the real program instead.

import { type ChildProcess, fork, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { HOST_PROGRAM, PROGRAM, SOURCE_PROGRAM } from './bundles.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A command under way. */
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
  /** What follows `vigia` on the command line. */
  readonly args: readonly string[]
  /** More environment variables. */
  readonly env: NodeJS.ProcessEnv
}

/** What a host tells when its command has ended. */
export interface HostEnd {
  readonly code: number
}

/** Last on both outputs of a command: what comes after it is the next one's. */
export const END_OF_OUTPUT = '\u0004\n'

const processes = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of processes) child.kill('SIGKILL')
})

/** Hosts that have nothing to do. */
const idle: ChildProcess[] = []

/** In a process that may have had others before. @param onStdout sees everything that came so far */
export function runHosted(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onStdout?: (text: string) => void,
): Run {
  const child = idle.pop() ?? startHost()
  const run = new ProcessRun(child, onStdout)
  const onEnd = ({ code }: HostEnd) => {
    child.off('message', onEnd)
    // What it has written comes by another way.
    run.outputEnded().then(() => {
      if (child.exitCode === null && !child.killed) idle.push(child)
      run.ended({ code, signal: null })
    })
  }
  child.on('message', onEnd)
  child.send({ args, env } satisfies HostOrder)
  return run
}

export interface ProgramOptions {
  /** More environment variables. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Most descriptors that it may have open. */
  readonly descriptors?: number | undefined
  /** The sources themselves. */
  readonly sources?: boolean
}

/** The real program in a process of its own. */
export function runProgram(args: readonly string[], { env, descriptors, sources }: ProgramOptions = {}): Run {
  const command = [process.execPath, sources ? SOURCE_PROGRAM : PROGRAM, ...args]
  if (descriptors !== undefined) command.unshift('prlimit', `--nofile=${descriptors}:${descriptors}`)
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  return new ProcessRun(keep(child))
}

function startHost(): ChildProcess {
  return keep(fork(HOST_PROGRAM, { execArgv: [], silent: true, env: { ...process.env, NO_COLOR: '1' } }))
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

  constructor(child: ChildProcess, onStdout?: (text: string) => void) {
    const { promise, resolve } = Promise.withResolvers<Exit>()
    this.exited = promise
    this.#resolve = resolve
    this.#child = child
    this.#stdout = new Output(child.stdout!, onStdout)
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
  /** Resolves when the command of a host has written all of it. */
  readonly ended: Promise<void>
  readonly #stream: Readable
  readonly #onData: (chunk: Buffer) => void

  constructor(stream: Readable, onText?: (text: string) => void) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#stream = stream
    this.#onData = chunk => {
      this.text += chunk.toString()
      const isEnd = this.text.endsWith(END_OF_OUTPUT)
      if (isEnd) this.text = this.text.slice(0, -END_OF_OUTPUT.length)
      onText?.(this.text)
      if (isEnd) resolve()
    }
    stream.on('data', this.#onData)
  }

  stop(): void {
    this.#stream.off('data', this.#onData)
  }
}
