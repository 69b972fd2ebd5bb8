// WebSocket messages that come back as an echo: small ones as a chat or a bus sends them, and large ones.
import { browserHeaders } from './browser-headers.ts'
import { ordinary, type Scenario } from './scenario.ts'

export const websocket64 = echo('websocket-64', 64, '64 B')
export const websocket16k = echo('websocket-16k', 16 * 1024, '16 KiB')

function echo(name: string, messageBytes: number, size: string): Scenario {
  return {
    ...ordinary,
    name,
    title: `WebSocket, messages of ${size} and their echo (a request = a message and its echo), 64 connections`,
    peers: ['vigia', 'haproxy', 'nginx', 'http-proxy'],
    upstream: 'streaming',
    request: {
      method: 'GET',
      path: '/websocket',
      headers: [
        ...browserHeaders.filter(([field]) => field !== 'Connection'),
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ],
      body: undefined,
    },
    answer: { status: 101, contentType: '', body: Buffer.alloc(0) },
    load: { kind: 'websocket', messageBytes },
  }
}
