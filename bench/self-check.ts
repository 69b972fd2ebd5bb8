// `node bench/self-check.ts`: measures things whose true value is known, with the benchmark's own instruments. Exit 0 = all within bounds.
// Lower bounds are exact; upper ones leave room for a busy machine.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { findWrongAnswer } from './harness/check.ts'
import { ownLoad } from './harness/own-load.ts'
import { readUsage } from './harness/usage.ts'
import { judge } from './harness/verdict.ts'
import type { LoadResult } from './load/result.ts'
import { smallGet } from './scenarios/small-get.ts'

const { body } = smallGet.answer
const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
const right = Buffer.concat([Buffer.from(head), body])

let failures = 0
await latencyOfAKnownDelay()
await stallIsNotOmitted()
await wrongBodiesAreCounted()
await emptyAnswerScoresNothing()
await cpuTime()
verdictOnNoise()
verdictOnDifference()
process.exitCode = failures === 0 ? 0 : 1

/** Every answer takes 20 ms. */
async function latencyOfAKnownDelay(): Promise<void> {
  const result = await underLoad(400, 64, () => (send: (bytes: Buffer) => void) => setTimeout(send, 20, right))
  expect('answers after 20 ms: p50, ms', result.p50Ms, 19.5, 30)
  expect('400 requests/s for 3 s: requests', result.requests, 1200, 1200)
}

/**
 * The server stands still for 200 ms of each second, and one connection carries everything: 20 of 100 requests are due meanwhile. Who
 * counts from the moment of sending sees one slow request in a second and a p99 without it.
 */
async function stallIsNotOmitted(): Promise<void> {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const stall = setInterval(() => Atomics.wait(cell, 0, 0, 200), 1000)
  const result = await underLoad(500, 1, () => send => send(right))
  clearInterval(stall)
  expect('stalls of 200 ms: p99 from the due time, ms', result.p99Ms, 150, 400)
  expect('stalls of 200 ms: p99 as a closed loop would see it, ms', result.uncorrectedP99Ms ?? 0, 0, 100)
  expect('stalls of 200 ms: errors', result.errors, 0, 0)
}

/** One byte of every tenth answer is another. */
async function wrongBodiesAreCounted(): Promise<void> {
  const wrong = Buffer.from(right)
  wrong[wrong.length - 5] = wrong[wrong.length - 5]! ^ 1
  let count = 0
  const result = await underLoad(500, 8, () => send => send(++count % 10 === 0 ? wrong : right))
  expect('a wrong byte in every tenth of 1500 answers: errors', result.errors, 150, 150)
  expect('a wrong byte in every tenth of 1500 answers: counted requests', result.requests, 1350, 1350)
}

async function emptyAnswerScoresNothing(): Promise<void> {
  const server = await serve(() => send => send(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')))
  const wrong = await findWrongAnswer(portOf(server), smallGet)
  server.close()
  expect('status 200 with an empty body is found out (1 = yes)', wrong === undefined ? 0 : 1, 1, 1)
}

/** A process that burns CPU time and tells how much it had. */
async function cpuTime(): Promise<void> {
  const burn = 'while (process.cpuUsage().user < 1.5e6); const u = process.cpuUsage(); console.log(u.user + u.system)'
  const child = spawn(process.execPath, ['-e', `${burn}; setTimeout(() => {}, 60000)`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [told] = await once(child.stdout, 'data')
  const { cpuUs } = readUsage(child.pid ?? 0)
  child.kill()
  expect('CPU time read from outside over that told by the process', cpuUs / Number(told), 0.97, 1.05)
}

function verdictOnNoise(): void {
  expect('comparisons of a revision with itself that end in a verdict, of 1000', verdicts(1, 'any'), 0, 65)
}

function verdictOnDifference(): void {
  expect('comparisons with a revision 8 % slower that say so, of 1000', verdicts(1.08, 'slower'), 800, 1000)
}

/** Six blocks of four pairs; blocks differ by 2 %, pairs by 3 %, and every tenth run is slowed by a neighbour by up to half. */
function verdicts(ratio: number, wanted: 'any' | 'slower'): number {
  let state = 48213
  const random = () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
  const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())
  let count = 0
  for (let experiment = 0; experiment < 1000; experiment++) {
    const blocks = Array.from({ length: 6 }, () => {
      const process = Math.exp(0.02 * normal())
      const run = () => Math.exp(0.03 * normal()) * (random() < 0.1 ? 1 + random() / 2 : 1)
      return Array.from({ length: 4 }, () => (ratio * process * run()) / run())
    })
    const { says } = judge(blocks)
    if (wanted === 'any' ? says !== 'no difference beyond the noise' : says === wanted) count += 1
  }
  return count
}

type Answering = () => (send: (bytes: Buffer) => void) => unknown

/** Three seconds of the open-loop generator against a server of this process. */
async function underLoad(ratePerS: number, connections: number, answering: Answering): Promise<LoadResult> {
  const server = await serve(answering)
  const nothing = () => {}
  const result = await ownLoad('http-generator').run({
    ...{ scenario: smallGet, port: portOf(server), seconds: 3, connections, ratePerS },
    ...{ folder: '', started: nothing, ended: nothing },
  })
  server.close()
  return result
}

/** Answers each chunk as one request: the generator sends a request in one write and the next only after the answer. */
async function serve(answering: Answering): Promise<Server> {
  const server = createServer({ noDelay: true }, socket => {
    const answer = answering()
    socket.on('error', () => socket.destroy())
    socket.on('data', () => answer(bytes => socket.write(bytes)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

function expect(what: string, value: number, least: number, most: number): void {
  const ok = value >= least && value <= most
  if (!ok) failures += 1
  const shown = Number.isInteger(value) ? String(value) : value.toFixed(3)
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}: ${shown} (${least === most ? least : `${least} to ${most}`})`)
}
