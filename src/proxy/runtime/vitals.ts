// What a worker tells of its own health: CPU time, how busy and how late its event loop is, its heap. Written into its row of shared
// memory once a second (delays: with each tick of the timer wheel, which wakes the worker anyway), so that a scrape never asks it.

import { performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { WORKER } from '../../shared/counter-cells.ts'
import type { CounterRow } from '../../shared/counters.ts'

const WRITE_MS = 1000
const US_PER_S = 1_000_000

export class Vitals {
  readonly #row: CounterRow
  readonly #beat: () => void
  readonly #tickMs: number
  #tickedMs: number
  #wroteMs: number
  #cpu = { user: 0, system: 0 }
  #busyMs = 0

  /** @param beat says to all threads that it has come round */
  constructor(row: CounterRow, beat: () => void, tickMs: number, nowMs: number) {
    this.#row = row
    this.#beat = beat
    beat()
    this.#tickMs = tickMs
    this.#tickedMs = nowMs
    this.#wroteMs = nowMs
  }

  /** To be called every `tickMs`: what it is called later than that is the delay of the event loop. */
  tick(nowMs: number): void {
    this.#beat()
    this.#row.loopDelayed(Math.max(0, nowMs - this.#tickedMs - this.#tickMs) / 1000)
    this.#tickedMs = nowMs
    if (nowMs - this.#wroteMs < WRITE_MS) return
    this.#wroteMs = nowMs
    this.#write()
  }

  #write(): void {
    const cpu = process.threadCpuUsage()
    const { active } = performance.eventLoopUtilization()
    const row = this.#row
    row.addOwn(WORKER.cpuUserSeconds, (cpu.user - this.#cpu.user) / US_PER_S)
    row.addOwn(WORKER.cpuSystemSeconds, (cpu.system - this.#cpu.system) / US_PER_S)
    row.addOwn(WORKER.loopBusySeconds, (active - this.#busyMs) / 1000)
    const heap = getHeapStatistics()
    row.setMemory(heap.used_heap_size, heap.total_heap_size + heap.external_memory + heap.malloced_memory)
    this.#cpu = cpu
    this.#busyMs = active
  }
}
