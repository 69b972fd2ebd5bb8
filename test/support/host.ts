// Processes for vigias. To load the program costs five times what it costs to start a vigia in it, so a process is kept when its vigia has
// ended, and the next one begins in it (host-program.ts). What a test is about processes themselves gets the real program instead.

import { type ChildProcess, fork, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A `vigia run` that was told to begin. */
export interface Run {
  readonly pid: number
  /** Set once it has ended. */
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

const idle: ChildProcess[] = []

/** Runs vigia in a process that may have had others before. */
export function runHosted(config: string): Run {
  const child = idle.pop() ?? startHost()
  const stdout = collect(child.stdout!)
  const stderr = collect(child.stderr!)
  const { promise, resolve } = Promise.withResolvers<Exit>()
  const died = (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal })
  const ended = ({ code }: HostEnd) => {
    // What it has written comes by another way.
    Promise.all([stdout.ended, stderr.ended]).then(() => {
      child.off('close', died)
      child.off('message', ended)
      for (const each of [stdout, stderr]) each.stop()
      idle.push(child)
      resolve({ code, signal: null })
    })
  }
  child.on('close', died)
  child.on('message', ended)
  child.send({ config } satisfies HostOrder)
  return runOf(child, promise, stdout.text, stderr.text)
}

/** Runs the real program in a process of its own. @param env more environment variables */
export function runProgram(config: string, env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [PROGRAM, 'run', '-c', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  processes.add(child)
  const exited = new Promise<Exit>(resolve => {
    child.on('close', (code, signal) => {
      processes.delete(child)
      resolve({ code, signal })
    })
  })
  return runOf(child, exited, collect(child.stdout).text, collect(child.stderr).text)
}

function startHost(): ChildProcess {
  const child = fork(HOST, { execArgv: [], silent: true, env: { ...process.env, NO_COLOR: '1' } })
  child.setMaxListeners(0)
  processes.add(child)
  child.on('close', () => {
    processes.delete(child)
    const at = idle.indexOf(child)
    if (at >= 0) idle.splice(at, 1)
  })
  return child
}

function runOf(child: ChildProcess, exited: Promise<Exit>, stdout: () => string, stderr: () => string): Run {
  const run = {
    pid: child.pid!,
    exit: undefined as Exit | undefined,
    exited,
    stdout,
    stderr,
    kill(signal: NodeJS.Signals) {
      if (run.exit === undefined) child.kill(signal)
    },
  }
  exited.then(exit => {
    run.exit = exit
  })
  return run
}

interface Collected {
  text(): string
  /** Resolves at the end of a hosted vigia's output. */
  readonly ended: Promise<void>
  stop(): void
}

function collect(stream: Readable): Collected {
  let text = ''
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const onData = (chunk: Buffer) => {
    text += chunk.toString()
    if (!text.endsWith(END_OF_OUTPUT)) return
    text = text.slice(0, -END_OF_OUTPUT.length)
    resolve()
  }
  stream.on('data', onData)
  return { text: () => text, ended, stop: () => stream.off('data', onData) }
}
