// `vigia demo` as a person runs it: a real process with real nodes, one of which is killed under traffic. Ports and waits are its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { PROGRAM } from '../../support/bundles.ts'
import { STUCK_MS, sleep, until, within } from '../../support/until.ts'

/** Longer than the probes need to find a node unhealthy, so that it is seen to leave. */
const RESTART_MS = 3_000
const NODES = ['erp-1', 'erp-2', 'erp-3']

interface Demo {
  readonly child: ChildProcess
  readonly web: string
  readonly admin: string
  readonly pids: ReadonlyMap<string, number>
  readonly exited: Promise<number | NodeJS.Signals | null>
  output(): string
}

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

async function startDemo(ports = '0'): Promise<Demo> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(ports)
    } catch (error) {
      // Another process may take a port between the look and the bind.
      if (tries === 3 || !String(error).includes('EADDRINUSE')) throw error
    }
  }
}

async function start(ports: string): Promise<Demo> {
  const child = spawn(process.execPath, [PROGRAM, 'demo'], {
    env: { ...process.env, NO_COLOR: '1', VIGIA_DEMO_PORTS: ports, VIGIA_DEMO_RESTART_MS: String(RESTART_MS) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  child.stderr.on('data', chunk => {
    text += chunk
  })
  let ended = false
  const exited = new Promise<number | NodeJS.Signals | null>(resolve =>
    child.once('close', (code, signal) => {
      ended = true
      resolve(code ?? signal)
    }),
  )
  await until('the start screen is there', () => ended || text.includes('Ctrl-C ends everything'))
  const find = (pattern: RegExp): string => {
    const match = pattern.exec(text)
    if (match === null) throw new Error(`the demo did not print ${pattern}:\n${text}`)
    return match[1]!
  }
  return {
    child,
    web: find(/^ {2}web +(http:\S+)/m),
    admin: find(/^ {2}admin +(http:\S+)/m),
    pids: new Map(NODES.map(name => [name, Number(find(new RegExp(`^ {2}${name} .*pid (\\d+)`, 'm')))])),
    exited,
    output: () => text,
  }
}

/** A process whose parent was killed may stay as a zombie until somebody reaps it: that one does not run. */
function runs(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  try {
    process.kill(pid, 0)
    return !existsSync(stat) || !/^\d+ \(.*\) Z/.test(readFileSync(stat, 'utf8'))
  } catch {
    return false
  }
}

interface Answer {
  readonly atMs: number
  readonly status: number
  readonly node: string | null
}

/** One user: a request after the other until told to stop. A lost connection counts as status 0. */
function userOf(web: string): { answers: Answer[]; stop(): Promise<void> } {
  const answers: Answer[] = []
  let stopped = false
  const work = (async () => {
    while (!stopped) {
      answers.push(await ask(`${web}/api/orders?limit=1`))
      await sleep(20)
    }
  })()
  return {
    answers,
    stop: () => {
      stopped = true
      return work
    },
  }
}

async function ask(url: string): Promise<Answer> {
  const atMs = performance.now()
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return { atMs, status: response.status, node: response.headers.get('x-erp-node') }
  } catch {
    return { atMs, status: 0, node: null }
  }
}

describe('vigia demo', () => {
  test('serves from all nodes, does without one that is killed, takes it back, and ends everything on Ctrl-C', async () => {
    const demo = await startDemo()
    const seen = new Set<string | null>()
    await until('every node has answered', async () => {
      seen.add((await ask(`${demo.web}/whoami`)).node)
      return NODES.every(name => seen.has(name))
    })

    const user = userOf(demo.web)
    const victim = demo.pids.get('erp-1')!
    await until('the user is at work', () => user.answers.length > 20)
    process.kill(victim, 'SIGKILL')
    await until('the terminal says that erp-1 left', () => /erp-1 +out of rotation/.test(demo.output()))
    const outAtMs = performance.now()
    await until('the terminal says that erp-1 came back', () => /erp-1 +in rotation/.test(demo.output()))
    const backAt = user.answers.length
    await until('erp-1 answers again', () => user.answers.slice(backAt).some(({ node }) => node === 'erp-1'))
    await user.stop()

    const failed = user.answers.filter(({ status }) => status !== 200)
    // A GET may be sent again, so that even those on the dying node's connections are answered.
    expect(failed).toEqual([])
    expect(user.answers.filter(({ atMs, node }) => atMs > outAtMs && node === 'erp-1').length).toBeGreaterThan(0)
    expect(demo.output()).toMatch(
      new RegExp(`process ${victim} killed by SIGKILL; starts again in ${RESTART_MS / 1000} s`),
    )
    const status = (await (await fetch(`${demo.admin}/status`)).json()) as {
      pools: { upstreams: { state: string }[] }[]
    }
    expect(status.pools.flatMap(pool => pool.upstreams.map(upstream => upstream.state))).toEqual(
      NODES.map(() => 'available'),
    )

    demo.child.kill('SIGINT')
    expect(await within(STUCK_MS, demo.output, demo.exited)).toBe(0)
    expect([...demo.pids.values()].filter(runs)).toEqual([])
    await expect(fetch(`${demo.web}/whoami`)).rejects.toThrow()
  })

  test('leaves no node behind when it is killed itself', async () => {
    const demo = await startDemo()
    demo.child.kill('SIGKILL')
    expect(await demo.exited).toBe('SIGKILL')
    await until('no node is left', () => [...demo.pids.values()].every(pid => !runs(pid)))
  })

  test('moves to another port where one is taken, and says so', async () => {
    const occupant = createServer()
    await new Promise<void>(resolve => occupant.listen({ host: '127.0.0.1', port: 0 }, resolve))
    const { port } = occupant.address() as { port: number }
    try {
      const demo = await startDemo(String(port))
      expect(demo.output()).toMatch(new RegExp(`Port ${port} is taken: web uses \\d+ instead`))
      expect((await ask(`${demo.web}/whoami`)).status).toBe(200)
      demo.child.kill('SIGTERM')
      expect(await within(STUCK_MS, demo.output, demo.exited)).toBe(0)
    } finally {
      occupant.close()
    }
  })
})
