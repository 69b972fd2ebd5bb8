// The load of a chaos run: lanes that each ask one thing after the other, and WebSockets that count. What they ask is drawn from the
// seed; when, depends on the answers.

import { Agent } from 'node:http'
import { WebSocket } from 'ws'
import { branch } from '../support/random.ts'
import { sleep } from '../support/until.ts'
import { drawAsk, perform, type Seen } from './requests.ts'
import { runResets } from './resets.ts'

/** One WebSocket from its opening to its end. Times are epoch ms. */
export interface Conversation {
  readonly id: string
  readonly node: string
  readonly startMs: number
  readonly endMs: number
  readonly sent: number
  readonly echoed: number
  /** The client ended it, with every echo there. */
  readonly regular: boolean
  /** Echoes out of order, or of something else. */
  readonly wrong: string
  readonly ending: string
}

export interface LoadSetup {
  readonly port: number
  readonly seed: number
  readonly lanes: number
  readonly webSockets: number
  readonly until: () => boolean
}

export interface LoadResult {
  readonly seen: Seen[]
  readonly conversations: Conversation[]
}

export async function runLoad(setup: LoadSetup): Promise<LoadResult> {
  const result: LoadResult = { seen: [], conversations: [] }
  const lanes = Array.from({ length: setup.lanes }, (_, lane) => runLane(setup, lane, result))
  const talks = Array.from({ length: setup.webSockets }, (_, lane) => runTalk(setup, lane, result))
  await Promise.all([...lanes, ...talks, runResets(setup)])
  return result
}

async function runLane({ port, seed, until }: LoadSetup, lane: number, { seen }: LoadResult): Promise<void> {
  const random = branch(seed, `lane ${lane}`)
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  let cookie = ''
  for (let count = 0; !until(); count += 1) {
    const ask = drawAsk(`r${lane}-${count}`, random)
    // Some clients open a connection for every request.
    const agent = random() < 0.1 ? new Agent({ keepAlive: false }) : kept
    const more = { 'x-lane': `lane-${lane}`, ...(cookie === '' ? {} : { cookie }) }
    seen.push(
      await perform(port, ask, agent, more, value => {
        cookie = value
      }),
    )
    if (random() < 0.5) await sleep(random() * 40)
  }
  kept.destroy()
}

async function runTalk(setup: LoadSetup, lane: number, { seen, conversations }: LoadResult): Promise<void> {
  const random = branch(setup.seed, `talk ${lane}`)
  for (let count = 0; !setup.until(); count += 1) {
    const id = `w${lane}-${count}`
    await talk(setup, id, 500 + random() * 4000, 5 + random() * 40, seen, conversations)
    await sleep(random() * 50)
  }
}

/** Nobody waits longer for an opening or an echo. */
const PATIENCE_MS = 40_000

/** Opens one, sends numbers, expects each back in order; ends it after `lastsMs`. */
function talk(
  { port, until }: LoadSetup,
  id: string,
  lastsMs: number,
  everyMs: number,
  seen: Seen[],
  conversations: Conversation[],
): Promise<void> {
  return new Promise(resolve => {
    const startMs = Date.now()
    const headers = { accept: 'application/json' }
    const socket = new WebSocket(`ws://127.0.0.1:${port}/rest/${id}`, { handshakeTimeout: PATIENCE_MS, headers })
    const patience = setTimeout(() => {
      if (state.node !== '') state.wrong ||= `${state.sent - state.echoed} echoes never came`
      socket.terminate()
    }, lastsMs + PATIENCE_MS)
    const state = { node: '', sent: 0, echoed: 0, wrong: '', ending: '', regular: false, opened: false }
    let sender: NodeJS.Timeout | undefined
    const opening = (end: Seen['end'], status: number, error: string, code = '') => {
      if (state.opened) return
      state.opened = true
      const answer = { status, code, node: state.node, doneBy: '', requestId: '', error, wrong: '' }
      seen.push({ id, kind: 'websocket', startMs, endMs: Date.now(), end, ...answer })
    }
    socket.on('message', data => {
      const text = String(data)
      if (text.startsWith('hello ')) {
        state.node = text.slice(6)
        opening('answered', 101, '')
        sender = setInterval(step, everyMs)
      } else if (text === `${id} ${state.echoed}`) state.echoed += 1
      else state.wrong ||= `expected ${id} ${state.echoed}, got ${text}`
    })
    const step = () => {
      const talking = Date.now() - startMs < lastsMs && !until()
      if (talking && socket.readyState === WebSocket.OPEN) {
        socket.send(`${id} ${state.sent}`)
        state.sent += 1
      } else if (!talking && state.echoed === state.sent && !state.regular) {
        state.regular = true
        socket.close(1000)
      }
    }
    socket.on('unexpected-response', (_request, response) => {
      const { socket: connection } = response
      response.setEncoding('utf8')
      let body = ''
      response.on('data', (text: string) => {
        body += text
      })
      response.on('close', () => {
        opening('answered', response.statusCode ?? 0, '', /"code":"([^"]*)"/.exec(body)?.[1] ?? 'unreadable')
        // It belongs to nobody else: it would stay open.
        connection.destroy()
        done('refused')
      })
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      state.ending ||= error.code ?? error.message
    })
    const done = (how: string) => {
      clearInterval(sender)
      clearTimeout(patience)
      opening('none', 0, state.ending || how)
      const { node, sent, echoed, regular, wrong, ending } = state
      if (node !== '')
        conversations.push({
          id,
          node,
          startMs,
          endMs: Date.now(),
          sent,
          echoed,
          regular,
          wrong,
          ending: ending || how,
        })
      resolve()
    }
    socket.on('close', code => done(`closed ${code}`))
  })
}
