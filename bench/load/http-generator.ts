// Load of finished requests over keep-alive connections, open or closed loop (argv: see generator.ts). Open loop: request i is due at
// start + i / rate, whatever became of the others; it goes out on the connection that has been free for longest, later where none is,
// and its latency counts from the time at which it was due: the wait that a stalled proxy causes is not omitted.
import { scenarioNamed } from '../scenarios/all.ts'
import { wireRequest } from '../scenarios/scenario.ts'
import { type Generator, generate, type Order } from './generator.ts'
import { HttpClient } from './http-client.ts'
import { type LoadResult, percentile } from './result.ts'

/** Connections opened at once: more than a listen queue holds would wait a second for the kernel's next SYN. */
const openingAtOnce = 200
/** Longest nap between two looks at the schedule, ms; a timer's millisecond would be as long as the latencies measured. */
const napMs = 0.05
/** After the schedule's end, how long answers may still come, ms. */
const patienceMs = 3000

class HttpGenerator implements Generator {
  readonly #order: Order
  readonly #request: Buffer
  readonly #expected
  /** Free connections, first in, first out. */
  readonly #free: HttpClient[] = []
  readonly #clients: HttpClient[] = []
  readonly #latenciesMs: number[] = []
  readonly #uncorrectedMs: number[] = []
  readonly #lateMs: number[] = []
  readonly #nap = new Int32Array(new SharedArrayBuffer(4))
  #running = false
  #stopAtMs = 0
  #pending = 0
  #errors = 0
  /** Called when the last of the first requests is answered. */
  #firstAnswered = () => {}

  constructor(order: Order) {
    const { request, answer } = scenarioNamed(order.scenario)
    this.#order = order
    this.#request = wireRequest(request)
    this.#expected = answer
  }

  /** Each connection carries one request before it counts as open: a proxy's state of it is then all there. */
  async open(): Promise<void> {
    for (let opened = 0; opened < this.#order.connections; opened += openingAtOnce) {
      const few = Math.min(openingAtOnce, this.#order.connections - opened)
      const batch = Array.from({ length: few }, () => new HttpClient(this.#order.port, this.#expected, this))
      await Promise.all(batch.map(client => client.connected()))
      this.#clients.push(...batch)
      const answered = new Promise<void>(resolve => {
        this.#firstAnswered = resolve
      })
      for (const client of batch) this.#send(client, 0, 0)
      await answered
    }
    this.#free.push(...this.#clients)
  }

  async run(): Promise<LoadResult> {
    this.#running = true
    const beganMs = performance.now()
    this.#stopAtMs = beganMs + this.#order.seconds * 1000
    const bytesBefore = this.#bytesRead()
    if (this.#order.ratePerS > 0) await this.#keepSchedule(beganMs)
    else await this.#asFastAsItGoes()
    this.#running = false
    // What was still due or under way was not answered in time.
    this.#errors += this.#pending
    const seconds = (performance.now() - beganMs) / 1000
    const [latencies, uncorrected, late] = [this.#latenciesMs, this.#uncorrectedMs, this.#lateMs].map(values =>
      Float64Array.from(values).sort(),
    ) as [Float64Array, Float64Array, Float64Array]
    const { ratePerS } = this.#order
    return {
      requests: latencies.length,
      requestsPerS: latencies.length / seconds,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      p999Ms: percentile(latencies, 0.999),
      errors: this.#errors,
      bytesRead: this.#bytesRead() - bytesBefore,
      bodiesCompared: true,
      ...(ratePerS > 0
        ? { rate: ratePerS, lateP99Ms: percentile(late, 0.99), uncorrectedP99Ms: percentile(uncorrected, 0.99) }
        : {}),
    }
  }

  onAnswer(client: HttpClient, right: boolean): void {
    this.#pending -= 1
    if (!this.#running) {
      if (!right) this.#errors += 1
      if (this.#pending === 0) this.#firstAnswered()
      return
    }
    const now = performance.now()
    if (right) {
      this.#latenciesMs.push(now - client.dueMs)
      this.#uncorrectedMs.push(now - client.sentMs)
    } else this.#errors += 1
    if (this.#order.ratePerS === 0 && now < this.#stopAtMs) this.#send(client, now, now)
    else this.#free.push(client)
  }

  onLost(client: HttpClient, waiting: boolean): void {
    this.#errors += 1
    if (waiting) this.#pending -= 1
    if (!this.#running && this.#pending === 0) this.#firstAnswered()
    const at = this.#free.indexOf(client)
    if (at >= 0) this.#free.splice(at, 1)
  }

  #send(client: HttpClient, dueMs: number, now: number): void {
    client.dueMs = dueMs
    client.sentMs = now
    this.#pending += 1
    client.send(this.#request)
  }

  async #asFastAsItGoes(): Promise<void> {
    for (const client of this.#free.splice(0)) this.#send(client, performance.now(), performance.now())
    await new Promise(resolve => setTimeout(resolve, this.#order.seconds * 1000))
    await this.#lastAnswers()
  }

  async #keepSchedule(beganMs: number): Promise<void> {
    const { ratePerS, seconds } = this.#order
    const total = Math.round(ratePerS * seconds)
    const gapMs = 1000 / ratePerS
    let next = 0
    // True while requests that are due lack a free connection: what then goes out late is not late through the generator's fault.
    let starved = false
    while (next < total && performance.now() < this.#stopAtMs + patienceMs) {
      const now = performance.now()
      for (let dueMs = beganMs + next * gapMs; next < total && dueMs <= now; dueMs = beganMs + next * gapMs) {
        const client = this.#free.shift()
        if (client === undefined) {
          starved = true
          break
        }
        if (!starved) this.#lateMs.push(now - dueMs)
        this.#send(client, dueMs, now)
        next += 1
      }
      if (this.#free.length > 0) starved = false
      // The other processes of this core run meanwhile.
      Atomics.wait(this.#nap, 0, 0, napMs)
      await new Promise(setImmediate)
    }
    this.#pending += total - next
    await this.#lastAnswers()
  }

  async #lastAnswers(): Promise<void> {
    const deadline = performance.now() + patienceMs
    while (this.#pending > 0 && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 5))
  }

  #bytesRead(): number {
    return this.#clients.reduce((sum, client) => sum + client.bytesRead, 0)
  }
}

await generate(order => new HttpGenerator(order))
