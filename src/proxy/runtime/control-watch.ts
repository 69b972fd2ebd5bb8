// What a worker does while the control plane stands still. One of the workers says so, in the log that control would have written; all
// serve on with what control said last. Where it does not come back in time, that worker says where it stands, has all of them finish
// what they have, and ends the process: whoever supervises it starts it afresh (docs/decisions/0047).

import { write } from 'node:fs'
import type { WatchdogPlan } from '../../plan/bounds.ts'
import { awakeSinceMs, stalledForMs } from '../../policy/process/stall.ts'
import type { Heartbeats } from '../../shared/heartbeats.ts'
import type { FromWorker } from '../../shared/messages.ts'
import { processNowMs } from '../../shared/process-clock.ts'
import { whileTrue } from './while-true.ts'

export interface WatchedWorker {
  readonly worker: number
  readonly workers: number
  readonly beats: Heartbeats
  /** Undefined = there is no configuration yet. */
  plan(): { readonly watchdog: WatchdogPlan; readonly shutdownMs: number } | undefined
  /** Resolves when it has nothing left to do, or soon after the deadline. */
  drain(deadlineMs: number): Promise<void>
}

const CONTROL = -1
/** What the others may take beyond the deadline of a drain. */
const GRACE_MS = 2000
/** How long the control plane may take to say where it stands: in native code it can't. */
const ANSWER_MS = 2000
const MOST_FRAMES = 6
const STDERR = 2
const WRITTEN_MS = 500

export class ControlWatch {
  readonly #own: WatchedWorker
  #lookedMs = processNowMs()
  #awakeMs = this.#lookedMs
  #isEnding = false

  constructor(own: WatchedWorker) {
    this.#own = own
  }

  /** To be called more often than once a second. */
  look(nowMs = processNowMs()): void {
    const { beats } = this.#own
    this.#awakeMs = awakeSinceMs(this.#awakeMs, this.#lookedMs, nowMs)
    this.#lookedMs = nowMs
    if (beats.ending) return this.#takePart()
    const beatMs = beats.lastMs(CONTROL)
    const forMs = beatMs === 0 ? 0 : stalledForMs(beatMs, this.#awakeMs, nowMs)
    if (forMs === 0 || !this.#speaks(nowMs)) return
    const { controlMs } = this.#own.plan()?.watchdog ?? { controlMs: 0 }
    if (controlMs > 0 && forMs > controlMs) void this.#end(forMs)
  }

  /** Whether this worker is the one that acts; it says so as it begins to be. */
  #speaks(nowMs: number): boolean {
    const { beats, worker } = this.#own
    const { speaker } = beats
    if (speaker === worker) return true
    if (speaker !== undefined && stalledForMs(beats.lastMs(speaker), this.#awakeMs, nowMs) === 0) return false
    if (!beats.speak(worker, speaker)) return false
    void this.#say(
      'the control plane stands still: no probe, no order and no signal is looked at. Traffic goes on, with what it said last',
    )
    return true
  }

  /** While the process ends nobody hears a worker any more: what people must know goes to the log. @returns whether it does */
  takes(message: FromWorker): boolean {
    if (!this.#isEnding || message.type !== 'in-doubt') return false
    const { method, path, pool, upstream, requestId } = message.record
    const what = `${method} ${path} may or may not have been carried out by ${pool}/${upstream}`
    void this.#say(`in doubt: ${what} (request ${requestId}); it is in no list`)
    return true
  }

  /** A line as of control's log, written past it. Resolves when it is written, or its reader has had time enough. */
  #say(msg: string): Promise<void> {
    const line = JSON.stringify({ level: 'error', time: new Date().toISOString(), worker: this.#own.worker, msg })
    return new Promise(resolve => {
      setTimeout(resolve, WRITTEN_MS)
      // Not at once: where the reader of the log is what everybody waits for, this thread must not.
      write(STDERR, `${line}\n`, () => resolve())
    })
  }

  #takePart(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    const { beats, worker } = this.#own
    void this.#own.drain(this.#own.plan()?.shutdownMs ?? 0).finally(() => beats.ended(worker))
  }

  async #end(forMs: number): Promise<void> {
    if (this.#isEnding) return
    const { beats, workers } = this.#own
    beats.end()
    this.#takePart()
    const at = await whereControlStands()
    const isSaid = this.#say(
      `the control plane has stood still for ${Math.round(forMs / 1000)} s, at ${at}: vigia ends itself once what is in flight is finished (watchdog.control)`,
    )
    const all = Array.from({ length: workers }, (_, worker) => worker)
    const mostMs = (this.#own.plan()?.shutdownMs ?? 0) + GRACE_MS
    await whileTrue(() => !all.every(worker => beats.hasEnded(worker)), mostMs)
    await isSaid
    // No exit code: only the main thread could give one. To a supervisor this is a failure, too.
    process.kill(process.pid, 'SIGKILL')
  }
}

/** The functions that the main thread is in, innermost first: its debugger answers even where its event loop does not. */
async function whereControlStands(): Promise<string> {
  // Hardly ever needed, and a worker starts without it sooner.
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  try {
    session.connectToMainThread()
    const files = new Map<string, string>()
    session.on('Debugger.scriptParsed', ({ params }) => files.set(params.scriptId, params.url))
    const frames = new Promise<string>(resolve => {
      session.on('Debugger.paused', ({ params }) => {
        const stack = params.callFrames.slice(0, MOST_FRAMES).map(({ functionName, location }) => {
          const file = files.get(location.scriptId) ?? ''
          return `${functionName || 'a function'} (${shortened(file)}:${location.lineNumber + 1})`
        })
        resolve(stack.join(' < '))
      })
    })
    void session.post('Debugger.enable').catch(() => {})
    void session.post('Debugger.pause').catch(() => {})
    const silence = new Promise<string>(resolve =>
      setTimeout(() => resolve('a place that it does not tell'), ANSWER_MS),
    )
    return await Promise.race([frames, silence])
  } catch (error) {
    return `a place that can't be asked for (${(error as Error).message})`
  } finally {
    session.disconnect()
  }
}

function shortened(url: string): string {
  return url.replace(/^.*\/(?=src\/|node_modules\/)/, '')
}
