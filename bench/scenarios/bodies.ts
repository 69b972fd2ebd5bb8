// Large bodies: downloads (a script bundle, a report), an upload that the upstream verifies, an answer that comes in chunks.
import { createHash } from 'node:crypto'
import { browserHeaders } from './browser-headers.ts'
import { noise } from './noise.ts'
import { ordinary, type Scenario } from './scenario.ts'

const kib = 1024
const mib = 1024 * kib

export const download64k: Scenario = {
  ...ordinary,
  name: 'download-64k',
  title: 'GET, browser headers, 64 KiB answer, 64 keep-alive connections',
  weight: 'core',
  request: { method: 'GET', path: '/files/report.bin', headers: browserHeaders, body: undefined },
  answer: { status: 200, contentType: 'application/octet-stream', body: noise(64 * kib) },
}

export const download1m: Scenario = {
  ...ordinary,
  name: 'download-1m',
  title: 'GET, browser headers, 1 MiB answer, 16 keep-alive connections',
  weight: 'core',
  request: { method: 'GET', path: '/files/export.bin', headers: browserHeaders, body: undefined },
  answer: { status: 200, contentType: 'application/octet-stream', body: noise(mib) },
  connections: 16,
}

const upload = noise(10 * mib)

/** The answer is the hash of what arrived: every single upload is verified, also under load. */
export const upload10m: Scenario = {
  ...ordinary,
  name: 'upload-10m',
  title: 'POST of 10 MiB, answered with the SHA-256 of what arrived, 4 keep-alive connections',
  peers: ['vigia', 'haproxy', 'nginx', 'caddy', 'http-proxy'],
  upstream: 'streaming',
  request: {
    method: 'POST',
    path: '/upload',
    headers: [...browserHeaders, ['Content-Type', 'application/octet-stream']],
    body: upload,
  },
  answer: {
    status: 200,
    contentType: 'text/plain',
    body: Buffer.from(createHash('sha256').update(upload).digest('hex')),
  },
  connections: 4,
}

export const chunked: Scenario = {
  ...ordinary,
  name: 'chunked',
  title: 'GET, answer of 32 chunks of 2 KiB, each sent on its own, 32 keep-alive connections',
  peers: ['vigia', 'haproxy', 'nginx', 'caddy', 'http-proxy'],
  upstream: 'streaming',
  request: { method: 'GET', path: '/stream', headers: browserHeaders, body: undefined },
  answer: { status: 200, contentType: 'application/octet-stream', body: noise(64 * kib) },
  connections: 32,
}
/** Bytes of each chunk of the scenario above. */
export const chunkBytes = 2 * kib
