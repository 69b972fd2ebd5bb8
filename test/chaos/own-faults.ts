// The faults of vigia itself in a chaos run: drawn from the seed, carried out one after the other beside those of the upstreams. They excuse
// next to nothing: traffic goes on, and what waited is answered.

import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import type { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { CAN_FAKE_CLOCK, fakeClockEnv, setClock } from '../support/fake-clock.ts'
import { branch, pick, type Random, whole } from '../support/random.ts'
import { sleep, until } from '../support/until.ts'
import { fetchText, type Vigia } from '../support/vigia.ts'
import type { Front } from './front.ts'
import type { RoundSetup } from './setup.ts'
import type { Stall } from './stalling.ts'

export const OWN_FAULT_KINDS = [
  'stall-worker',
  'certificate',
  'stall-control',
  'move',
  'descriptors',
  'ticket-key',
  'admin-flood',
  'clock-step',
] as const
export type OwnFaultKind = (typeof OWN_FAULT_KINDS)[number]

export interface OwnFault {
  readonly kind: OwnFaultKind
  /** Which one stands still. */
  readonly worker: number
  /** From the end of the fault before it. */
  readonly afterMs: number
  readonly lastsMs: number
  /** By how much the wall clock is wrong meanwhile, s. */
  readonly wrongS: number
}

/** Times are epoch ms. */
export interface OwnEpisode {
  readonly kind: OwnFaultKind
  readonly startMs: number
  endMs: number
  /** What vigia owed meanwhile and did not do; one line each. */
  readonly missed: string[]
}

export interface OwnFaultRun {
  readonly vigia: Vigia
  readonly setup: RoundSetup
  readonly front: Front
  readonly sessions: readonly H2Carrier[]
  readonly faults: readonly OwnFault[]
  /** What `stalling.ts` reads. */
  readonly stallFile: string
  /** Says what vigia takes for the time. */
  readonly clockFile: string
  readonly untilMs: number
  /** From now on control stands still, and until then at least nobody is probed. */
  readonly onControlStall: (backMs: number) => void
}

const STALLING = new URL('./stalling.ts', import.meta.url).href
/** Control has much to do when it is back. */
const BACK_MS = 500
/** Who asks whether vigia lives waits as long as an orchestrator does. */
const HEALTHZ_MS = 5000
const FLOOD = 400
/** The clock is looked at once a second, by a control that may have other things to do. */
const STEP_SEEN_MS = 3000
const HOUR_S = 3600

/** Those that can be had on this machine. */
export function possibleOwnFaults(kinds: readonly OwnFaultKind[]): readonly OwnFaultKind[] {
  return kinds.filter(kind => kind !== 'clock-step' || CAN_FAKE_CLOCK)
}

/** What a vigia needs in its environment that will have these faults. */
export function ownFaultsEnv(
  kinds: readonly OwnFaultKind[],
  { stallFile, clockFile }: Pick<OwnFaultRun, 'stallFile' | 'clockFile'>,
): NodeJS.ProcessEnv {
  const stalls = { NODE_OPTIONS: `--import=${STALLING}`, VIGIA_STALLS: stallFile }
  return kinds.includes('clock-step') ? { ...stalls, ...fakeClockEnv(clockFile) } : stalls
}

export function drawOwnFaults(
  seed: number,
  workers: number,
  seconds: number,
  kinds: readonly OwnFaultKind[],
): OwnFault[] {
  const random = branch(seed, 'own faults')
  const short = seconds < 10
  const first = whole(0, Math.max(0, kinds.length - 1), random)
  return Array.from({ length: kinds.length === 0 ? 0 : seconds * 3 }, (_, i) => ({
    kind: kinds[(first + i) % kinds.length]!,
    worker: whole(0, workers - 1, random),
    afterMs: whole(100, short ? 300 : 3000, random),
    lastsMs: lengthOf(short, random),
    wrongS: pick([-26, -2, -0.05, 0.05, 4, 26], random) * HOUR_S,
  }))
}

/** Over a second it counts as a stall; the watchdog would replace a worker after ten. */
function lengthOf(short: boolean, random: Random): number {
  return short ? whole(300, 1200, random) : whole(600, 4500, random)
}

/** Resolves when all are lifted. */
export async function runOwnFaults(run: OwnFaultRun): Promise<OwnEpisode[]> {
  const episodes: OwnEpisode[] = []
  for (const fault of run.faults) {
    await sleep(fault.afterMs)
    const lastsMs = Math.min(fault.lastsMs, run.untilMs - Date.now())
    if (lastsMs < 200) break
    const episode: OwnEpisode = { kind: fault.kind, startMs: Date.now(), endMs: Number.POSITIVE_INFINITY, missed: [] }
    episodes.push(episode)
    episode.missed.push(...(await carryOut(run, { ...fault, lastsMs })))
    episode.endMs = Date.now()
  }
  return episodes
}

/** @returns what vigia owed and did not do */
async function carryOut(run: OwnFaultRun, { kind, worker, lastsMs, wrongS }: OwnFault): Promise<string[]> {
  switch (kind) {
    case 'stall-worker':
      await stall(run, { worker, forMs: lastsMs })
      return []
    case 'stall-control':
      run.onControlStall(Date.now() + lastsMs + BACK_MS)
      await stall(run, { worker: undefined, forMs: lastsMs })
      return []
    case 'descriptors':
      await withoutDescriptors(run.vigia, lastsMs)
      return []
    case 'admin-flood':
      return flood(run.vigia.adminPort, lastsMs)
    case 'clock-step':
      return stepClock(run, wrongS, lastsMs)
    case 'certificate':
      return run.front.swapCertificate()
    case 'ticket-key':
      return run.front.swapTicketKey(run.vigia)
    case 'move':
      return run.front.move(run.vigia, run.setup, run.sessions)
  }
}

async function stall({ vigia, stallFile }: OwnFaultRun, stall: Stall): Promise<void> {
  await writeFile(stallFile, JSON.stringify(stall))
  vigia.kill('SIGUSR2')
  await sleep(stall.forMs)
}

/** The clock is set, and set right again: both are said, and nothing else follows from it. */
async function stepClock({ vigia, clockFile }: OwnFaultRun, wrongS: number, lastsMs: number): Promise<string[]> {
  const missed: string[] = []
  for (const [toS, forMs] of [
    [wrongS, lastsMs],
    [0, 0],
  ] as const) {
    const before = steps(vigia)
    setClock(clockFile, toS)
    await sleep(forMs)
    const seen = until('the step is said', () => steps(vigia) > before, { timeoutMs: STEP_SEEN_MS })
    await seen.catch(() => missed.push(`no word of a clock that is wrong by ${toS} s`))
  }
  return missed
}

function steps(vigia: Vigia): number {
  return vigia.stderr().match(/the clock was set/g)?.length ?? 0
}

/** As few as a process can have: whatever it opens fails. The soft limit only, or it could not be raised again. */
async function withoutDescriptors({ pid }: Vigia, lastsMs: number): Promise<void> {
  const soft = /^Max open files +(\d+)/m.exec(await readFile(`/proc/${pid}/limits`, 'utf8'))![1]!
  const limit = (to: string) => promisify(execFile)('prlimit', ['--pid', String(pid), `--nofile=${to}:`])
  await limit('3')
  await sleep(lastsMs)
  await limit(soft)
}

/** Connections that say nothing, from this machine and from as many others as it can pass for. */
async function flood(adminPort: number, lastsMs: number): Promise<string[]> {
  const missed: string[] = []
  const sockets: Socket[] = []
  const endMs = Date.now() + lastsMs
  for (let i = 0; i < FLOOD; i += 1) {
    const socket = connect({ host: '127.0.0.1', port: adminPort, localAddress: `127.0.0.${2 + (i % 200)}` })
    sockets.push(socket.on('error', () => {}))
  }
  do {
    const { status, body } = await fetchText(adminPort, '/healthz', HEALTHZ_MS).catch(({ message }: Error) => {
      return { status: 0, body: message }
    })
    if (status !== 200) missed.push(`/healthz beside ${FLOOD} silent connections: ${status} ${body}`)
    await sleep(100)
  } while (Date.now() < endMs)
  for (const socket of sockets) socket.destroy()
  return missed
}
