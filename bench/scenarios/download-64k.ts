// A report or a script bundle: a GET that answers 64 KiB of bytes which no layer can shrink.
import { createHash } from 'node:crypto'
import { browserHeaders } from './browser-headers.ts'
import type { Scenario } from './scenario.ts'

export const download64k: Scenario = {
  name: 'download-64k',
  title: 'GET, browser headers, 64 KiB answer, 64 keep-alive connections',
  request: { method: 'GET', path: '/files/report.bin', headers: browserHeaders, body: undefined },
  answer: { status: 200, contentType: 'application/octet-stream', body: noise(64 * 1024) },
  connections: 64,
}

/** The same bytes in every run, so that a body is told from another by its hash. */
function noise(bytes: number): Buffer {
  const blocks: Buffer[] = []
  for (let i = 0; i * 32 < bytes; i++) blocks.push(createHash('sha256').update(String(i)).digest())
  return Buffer.concat(blocks).subarray(0, bytes)
}
