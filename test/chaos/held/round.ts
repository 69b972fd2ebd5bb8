// One run of held requests: senders post all the time while upstreams fail, windows and pauses come and go, the disk is full, and vigia is
// killed. A person settles what is in doubt by the journals. In the end all upstreams serve, and everything has to be done.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import type { HeldRowReport, HeldRows, IntegrationsReport } from '../../../src/admin/contract/held.ts'
import { freePort } from '../../support/free-port.ts'
import { type Run, runProgram } from '../../support/host.ts'
import { branch } from '../../support/random.ts'
import { sleep, until } from '../../support/until.ts'
import { bodyOf } from '../modes.ts'
import { NodeProcess } from '../node-process.ts'
import { Journals } from './journals.ts'
import { Senders } from './senders.ts'
import { type Act, drawAct, drawHeldSetup, type HeldSetup, heldDocument, NODES, ROUTES } from './setup.ts'
import { type HeldEvidence, type HeldViolation, idOf, judgeHeld } from './verdict.ts'

export interface HeldRun {
  readonly evidence: HeldEvidence
  readonly violations: readonly (HeldViolation | { readonly rule: 'end'; readonly id: string; readonly what: string })[]
  readonly kills: number
  /** From the start of the program to its first answer on /readyz, ms. */
  readonly startsMs: readonly number[]
}

export interface HeldOptions {
  readonly seed: number
  readonly kills: number
  /** Ends earlier, between two kills. */
  readonly seconds: number
  readonly onAct?: (act: Act) => void
}

const UPSTREAM_QUIET_MS = 300
const DRAIN_MS = 120_000
const LOOKED_UP = 10

export async function runHeld(options: HeldOptions): Promise<HeldRun> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-held-chaos-'))
  const stage = await Stage.open(folder, drawHeldSetup(options.seed))
  try {
    return await stage.run(options)
  } finally {
    await stage.close()
    await rm(folder, { recursive: true, force: true })
  }
}

class Stage {
  readonly #folder: string
  readonly #setup: HeldSetup
  readonly #port: number
  readonly #adminPort: number
  readonly #nodes: readonly NodeProcess[]
  readonly #journals: Journals
  readonly #settled = new Map<string, 'done' | 'not-done'>()
  readonly #startsMs: number[] = []
  readonly #trouble: { rule: 'end'; id: string; what: string }[] = []
  #vigia: Run | undefined
  #windows = 0

  private constructor(folder: string, setup: HeldSetup, ports: readonly number[]) {
    this.#folder = folder
    this.#setup = setup
    this.#port = ports[0]!
    this.#adminPort = ports[1]!
    this.#nodes = ports.slice(2).map((port, i) => {
      const name = `node-${i + 1}`
      return new NodeProcess({
        ...{ name, port, keepAliveMs: 0 },
        ...{ journal: join(folder, `${name}.journal`), keys: join(folder, 'keys') },
      })
    })
    this.#journals = new Journals(this.#nodes.map(({ setup }) => setup.journal))
  }

  static async open(folder: string, setup: HeldSetup): Promise<Stage> {
    const ports = await Promise.all(Array.from({ length: NODES + 2 }, () => freePort()))
    const stage = new Stage(folder, setup, ports)
    await Promise.all(stage.#nodes.map(node => node.start()))
    const place = { store: join(folder, 'vigia.db'), port: ports[0]!, adminPort: ports[1]!, upstreams: ports.slice(2) }
    await writeFile(join(folder, 'vigia.yaml'), stringify(heldDocument(setup, place)))
    await stage.#start()
    return stage
  }

  async run({ seed, kills, seconds, onAct }: HeldOptions): Promise<HeldRun> {
    const random = branch(seed, 'acts')
    const senders = new Senders(this.#port, seed, this.#setup.senders, sender => branch(seed, `sender ${sender}`))
    const endMs = Date.now() + seconds * 1_000
    let done = 0
    for (; done < kills && Date.now() < endMs; done += 1) {
      const act = drawAct(random)
      onAct?.(act)
      await this.#act(act)
      await this.#settle()
    }
    await senders.stop()
    await this.#drain()
    const rows = await this.#export()
    await this.#lookUp(senders, rows)
    await this.#journals.look()
    await this.#stop()
    const evidence = {
      ...{ told: senders.told, journal: this.#journals.lines, rows },
      ...{ settled: this.#settled, goesOn: this.#setup.goesOn },
    }
    const violations = [...judgeHeld(evidence), ...this.#trouble]
    return { evidence, violations, kills: done, startsMs: this.#startsMs }
  }

  async close(): Promise<void> {
    this.#vigia?.kill('SIGKILL')
    await this.#vigia?.exited
    await Promise.all(this.#nodes.map(node => node.close()))
  }

  async #act(act: Act): Promise<void> {
    const { endedMs, beforeKillMs, awayMs, afterMs } = act
    await this.#begin(act)
    await sleep(beforeKillMs)
    if (endedMs !== undefined) {
      await this.#end(act)
      await sleep(endedMs)
    }
    this.#vigia!.kill('SIGKILL')
    await this.#vigia!.exited
    await sleep(awayMs)
    await this.#start()
    await sleep(afterMs)
    if (endedMs === undefined) await this.#end(act)
    await sleep(afterMs)
  }

  async #begin({ episode, where, share, hard }: Act): Promise<void> {
    switch (episode) {
      case 'pause':
        for (const route of ROUTES) await this.#order(`/integrations/${route}/pause`, { reason: 'stock count' })
        return
      case 'window': {
        this.#windows += 1
        const start = new Date().toISOString().slice(0, 19)
        for (const route of ROUTES) {
          const name = `${route} ${this.#windows}`
          await this.#order('/maintenance', { name, route, start, duration: '1h', timeZone: 'UTC' })
        }
        return
      }
      case 'outage':
        await Promise.all(this.#nodes.map(node => node.kill()))
        return
      case 'doubt':
        await this.#each({ kind: 'reset', where, hard, share, probes: false })
        return
      case 'disk':
        await this.#fileSize((await stat(join(this.#folder, 'held.db-wal')).catch(() => ({ size: 0 }))).size)
        return
      case 'none':
        return
    }
  }

  async #end({ episode }: Act): Promise<void> {
    switch (episode) {
      case 'pause':
        for (const route of ROUTES) await this.#order(`/integrations/${route}/resume`, { reason: 'counted' })
        return
      case 'window':
        for (const route of ROUTES) await this.#order(`/maintenance/${route} ${this.#windows}/end`, { reason: 'done' })
        return
      case 'outage':
        await Promise.all(this.#nodes.map(node => node.start()))
        return
      case 'doubt':
        await this.#each({ kind: 'well' })
        return
      case 'disk':
        await this.#fileSize('unlimited')
        return
      case 'none':
        return
    }
  }

  async #each(mode: Parameters<NodeProcess['become']>[0]): Promise<void> {
    await Promise.all(this.#nodes.map(node => node.become(mode)))
  }

  /** No file may be longer. The soft limit only, or it could not be raised again. */
  async #fileSize(limit: number | 'unlimited'): Promise<void> {
    await promisify(execFile)('prlimit', ['--pid', String(this.#vigia!.pid), `--fsize=${limit}:`])
  }

  async #start(): Promise<void> {
    const sinceMs = performance.now()
    const run = runProgram(['run', '-c', join(this.#folder, 'vigia.yaml')])
    this.#vigia = run
    await until('vigia is ready', async () => {
      if (run.exit !== undefined) throw new Error(`vigia ended at its start: ${run.stdout()}${run.stderr()}`)
      return fetch(`http://127.0.0.1:${this.#adminPort}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      )
    })
    this.#startsMs.push(performance.now() - sinceMs)
  }

  async #stop(): Promise<void> {
    this.#vigia!.kill('SIGTERM')
    const { code } = await this.#vigia!.exited
    if (code !== 0) this.#trouble.push({ rule: 'end', id: '', what: `vigia ended with ${code}` })
  }

  async #order(path: string, body: object): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#adminPort}${encodeURI(path)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'chaos', ...body }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`)
  }

  /** As soon as the file is open. */
  async #read<T>(path: string): Promise<T> {
    let text = ''
    return until(`${path} is answered`, async () => {
      const response = await fetch(`http://127.0.0.1:${this.#adminPort}${path}`)
      text = await response.text()
      return response.ok ? (JSON.parse(text) as NonNullable<T>) : undefined
    }).catch(error => {
      throw new Error(`${path}: ${text}; vigia said: ${this.#vigia!.stderr().slice(-4_000)}`, { cause: error })
    })
  }

  /** As a person does: looks whether the upstreams have it, once nothing is on its way to them any more. */
  async #settle(): Promise<void> {
    const { rows } = await this.#read<HeldRows>('/held?state=in-doubt&limit=1000')
    if (rows.length === 0) return
    await sleep(UPSTREAM_QUIET_MS)
    await this.#journals.look()
    for (const row of rows) {
      const id = idOf(row)
      const carriedOut = this.#journals.hasWhole(id)
      this.#settled.set(id, carriedOut ? 'done' : 'not-done')
      await this.#order('/held/settle', { id: row.id, carriedOut, reason: 'by the journals' })
    }
  }

  async #drain(): Promise<void> {
    const endMs = Date.now() + DRAIN_MS
    for (;;) {
      await this.#settle()
      const { integrations } = await this.#read<IntegrationsReport>('/integrations')
      const left = integrations.map(({ held }) => held!.waiting + held!.sending + held!.inDoubt)
      if (left.every(count => count === 0)) return
      if (Date.now() > endMs) {
        this.#trouble.push({ rule: 'end', id: '', what: `is not empty: ${JSON.stringify(integrations)}` })
        return
      }
      await sleep(200)
    }
  }

  /** By the command that people use. */
  async #export(): Promise<HeldRowReport[]> {
    const file = join(this.#folder, 'held.ndjson')
    const admin = `http://127.0.0.1:${this.#adminPort}`
    const run = runProgram(['held', 'export', '--admin', admin, '--format', 'ndjson', '--output', file])
    const { code } = await run.exited
    if (code !== 0) throw new Error(`vigia held export: ${code} ${run.stderr()}`)
    const text = await readFile(file, 'utf8')
    return text
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as HeldRowReport)
  }

  /** The last that were acknowledged: whoever has the location gets the answer of this request. */
  async #lookUp({ told }: Senders, rows: readonly HeldRowReport[]): Promise<void> {
    const answered = new Set(rows.filter(({ status }) => status === 200).map(idOf))
    const asked = told.filter(({ id, status, isRepeat }) => status === 202 && !isRepeat && answered.has(id))
    for (const { id, location } of asked.slice(-LOOKED_UP)) {
      const text = await (await fetch(`http://127.0.0.1:${this.#port}${location}`)).text()
      const { result } = JSON.parse(text) as { result: { status: number; body: string } | null }
      if (result?.status !== 200 || result.body !== bodyOf(id, 64).toString())
        this.#trouble.push({ rule: 'end', id, what: `its look-up says ${text}` })
    }
  }
}
