// An ERP's daily bread: a JSON-RPC POST of 2 KB that answers 8 KB, from a browser.
import { browserHeaders } from './browser-headers.ts'
import { ordinary, type Scenario } from './scenario.ts'

const requestBytes = 2048
const answerBytes = 8192

export const jsonRpc: Scenario = {
  ...ordinary,
  name: 'json-rpc',
  title: 'JSON-RPC POST, 2 KB in, 8 KB out, browser headers, 64 keep-alive connections',
  weight: 'core',
  request: {
    method: 'POST',
    path: '/jsonrpc',
    headers: [...browserHeaders, ['Origin', 'http://erp.example.com'], ['Content-Type', 'application/json']],
    body: padded({ jsonrpc: '2.0', id: 7, method: 'call', params: { model: 'sale.order' } }, requestBytes),
  },
  answer: {
    status: 200,
    contentType: 'application/json',
    body: padded({ jsonrpc: '2.0', id: 7, result: orders() }, answerBytes),
  },
}

function orders(): object[] {
  return Array.from({ length: 60 }, (_, i) => ({
    id: 48000 + i,
    name: `SO${48000 + i}`,
    state: 'sale',
    total: i * 13.7,
  }))
}

function padded(value: object, bytes: number): Buffer {
  const bare = JSON.stringify({ ...value, pad: '' })
  return Buffer.from(JSON.stringify({ ...value, pad: 'x'.repeat(bytes - Buffer.byteLength(bare)) }))
}
