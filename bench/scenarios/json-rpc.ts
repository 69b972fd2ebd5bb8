// An ERP's daily bread: a JSON-RPC POST of 2 KB that answers 8 KB, from a browser.
import { browserHeaders } from './browser-headers.ts'
import type { Scenario } from './scenario.ts'

const requestBytes = 2048
const answerBytes = 8192

export const jsonRpc: Scenario = {
  name: 'json-rpc',
  title: 'JSON-RPC POST, 2 KB in, 8 KB out, browser headers, 64 keep-alive connections',
  request: {
    method: 'POST',
    path: '/jsonrpc',
    headers: [...browserHeaders, ['Origin', 'http://erp.example.com'], ['Content-Type', 'application/json']],
    body: padded(
      { jsonrpc: '2.0', id: 7, method: 'call', params: { model: 'sale.order', method: 'create' } },
      requestBytes,
    ),
  },
  answer: {
    status: 200,
    contentType: 'application/json',
    body: Buffer.from(padded({ jsonrpc: '2.0', id: 7, result: orders() }, answerBytes)),
  },
  connections: 64,
}

function orders(): object[] {
  return Array.from({ length: 60 }, (_, i) => ({
    id: 48000 + i,
    name: `SO${48000 + i}`,
    state: 'sale',
    total: i * 13.7,
  }))
}

function padded(value: object, bytes: number): string {
  const bare = JSON.stringify({ ...value, pad: '' })
  return JSON.stringify({ ...value, pad: 'x'.repeat(bytes - Buffer.byteLength(bare)) })
}
