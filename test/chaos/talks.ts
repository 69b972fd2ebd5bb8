// The WebSockets of a chaos run: each sends numbers and expects them back in order. They ride HTTP/1.1, TLS, and streams of HTTP/2.

import { WebSocket } from 'ws'
import { PROTOCOLS, type ProtocolName } from '../support/carriers/carrier.ts'
import { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { H2WebSocket } from '../support/carriers/h2-web-socket.ts'
import { branch } from '../support/random.ts'
import { sleep } from '../support/until.ts'
import type { LoadResult, LoadSetup } from './load.ts'
import type { Seen } from './requests.ts'

/** One WebSocket from its opening to its end. Times are epoch ms. */
export interface Conversation {
  readonly id: string
  readonly protocol: ProtocolName
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

export async function runTalk(setup: LoadSetup, lane: number, { seen, conversations }: LoadResult): Promise<void> {
  const random = branch(setup.seed, `talk ${lane}`)
  const { secure, trust } = setup.doors
  const protocol = PROTOCOLS[lane % PROTOCOLS.length]!
  const session = new H2Carrier(() => secure, trust)
  for (let count = 0; !setup.until(); count += 1) {
    const id = `w${lane}-${count}`
    const open = () => openSocket(setup, protocol, session, id)
    await talk(setup.until, { id, protocol, open }, 500 + random() * 4000, 5 + random() * 40, seen, conversations)
    await sleep(random() * 50)
  }
  session.close()
}

function openSocket({ doors }: LoadSetup, protocol: ProtocolName, session: H2Carrier, id: string): WebSocket {
  const { plain, secure, trust } = doors
  const options = { handshakeTimeout: PATIENCE_MS, headers: { accept: 'application/json' } }
  if (protocol === 'tls') return new WebSocket(`wss://127.0.0.1:${secure}/rest/${id}`, { ...options, ...trust })
  const stream = protocol === 'h2' && { createConnection: () => new H2WebSocket(session.session) as never }
  return new WebSocket(`ws://127.0.0.1:${plain}/rest/${id}`, { ...options, ...stream })
}

/** Nobody waits longer for an opening or an echo. */
const PATIENCE_MS = 40_000

/** Opens one, sends numbers, expects each back in order; ends it after `lastsMs`. */
function talk(
  until: () => boolean,
  { id, protocol, open }: { id: string; protocol: ProtocolName; open: () => WebSocket },
  lastsMs: number,
  everyMs: number,
  seen: Seen[],
  conversations: Conversation[],
): Promise<void> {
  return new Promise(resolve => {
    const startMs = Date.now()
    const socket = open()
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
      seen.push({ id, kind: 'websocket', protocol, startMs, endMs: Date.now(), end, ...answer })
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
          protocol,
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
