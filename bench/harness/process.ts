// Starts and ends the benchmark's processes: pinned to a core, their output kept in a file, ended by the pid that started them.
// Nothing that this file did not start is ever signalled.
import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  execFile,
  execFileSync,
  spawn,
} from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'

export interface Running {
  readonly pid: number
  /** The last lines that it wrote, for an error message. */
  output(): string
  exited(): boolean
  stop(): Promise<void>
}

export interface StartOptions {
  /** Cores to pin to, as taskset lists them; ignored where taskset or a second core is missing. */
  readonly cores: string
  /** File that takes stdout and stderr. */
  readonly logFile: string
}

const children = new Set<ChildProcess>()
const graceMs = 3000

/** Path of a program, or undefined where it is not installed. /usr/sbin is searched too: Debian puts servers there. */
export function findProgram(name: string): string | undefined {
  try {
    const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` }
    return execFileSync('sh', ['-c', 'command -v "$0"', name], { env, encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

const taskset = availableParallelism() > 1 ? findProgram('taskset') : undefined
export const canPin = taskset !== undefined

/** A command line that runs on these cores. taskset execs, so the pid is the program's own. */
function pinned(cores: string, command: readonly string[]): string[] {
  return taskset === undefined ? [...command] : [taskset, '-c', cores, ...command]
}

/** Moves this process, all threads, so that the benchmark's own work never lands on the proxy's core. */
export function pinSelf(cores: string): void {
  if (taskset !== undefined) execFileSync(taskset, ['-acp', cores, String(process.pid)], { stdio: 'ignore' })
}

export function start(command: readonly string[], { cores, logFile }: StartOptions): Running {
  const [program = '', ...args] = pinned(cores, command)
  const log = openSync(logFile, 'w')
  const child = spawn(program, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  children.add(child)
  const gone = new Promise<void>(resolve => {
    const end = () => {
      children.delete(child)
      resolve()
    }
    child.once('exit', end)
    child.once('error', end)
  })
  return {
    pid: child.pid ?? 0,
    output: () => readFileSync(logFile, 'utf8').trim().split('\n').slice(-4).join(' | '),
    exited: () => !children.has(child),
    stop: async () => {
      if (!children.has(child)) return
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await gone
      clearTimeout(late)
    },
  }
}

/** Runs a command to its end and returns its stdout; throws where it fails or takes too long. */
export function runToEnd(command: readonly string[], options: { cores: string; timeoutMs: number }): Promise<string> {
  const [program = '', ...args] = pinned(options.cores, command)
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: options.timeoutMs, maxBuffer: 1 << 24 }, (error, stdout) => {
      children.delete(child)
      if (error === null) resolve(stdout)
      else reject(error)
    })
    children.add(child)
  })
}

/** A process that is talked to over its standard input and output. */
export function startTalking(command: readonly string[], cores: string): ChildProcessWithoutNullStreams {
  const [program = '', ...args] = pinned(cores, command)
  const child = spawn(program, args, { stdio: 'pipe' })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** Last resort when the benchmark itself ends early: SIGTERM to what still runs, without waiting. */
export function stopAll(): void {
  for (const child of children) child.kill('SIGTERM')
}

/** `count` different TCP ports of 127.0.0.1 that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address !== null && typeof address === 'object') ports.push(address.port)
  }
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
