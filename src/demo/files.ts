// Upload and download of the sample ERP: files stream to and from a directory that all nodes share. Names, sizes and number are bounded.

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Exchange, Route } from './context.ts'
import { json, Problem } from './respond.ts'

const FILE_BYTES = 64 * 1024 * 1024
const MOST_FILES = 16
/** No leading dot: such names are uploads under way, and `..`. */
const PATH = /^\/files\/([A-Za-z0-9_-][A-Za-z0-9._-]{0,99})$/

export const fileRoutes: readonly Route[] = [
  { method: 'GET', path: /^\/files$/, handle: list },
  { method: 'GET', path: PATH, handle: download },
  { method: 'PUT', path: PATH, handle: upload },
  { method: 'POST', path: PATH, handle: upload },
  { method: 'DELETE', path: PATH, handle: remove },
]

let uploads = 0

async function list({ response, node }: Exchange): Promise<void> {
  json(response, 200, { files: await names(node.filesDirectory) })
}

async function download({ params, response, request, node }: Exchange): Promise<void> {
  const path = join(node.filesDirectory, params[0]!)
  const { size } = await stat(path).catch(() => {
    throw new Problem(404, `there is no file ${params[0]}`)
  })
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size })
  if (request.method === 'HEAD') response.end()
  else await pipeline(createReadStream(path), response)
}

/** Answers with the size and SHA-256 of what arrived, so that a client can tell whether all of it did. */
async function upload({ params, request, response, node }: Exchange): Promise<void> {
  const name = params[0]!
  const known = await names(node.filesDirectory)
  if (!known.includes(name) && known.length >= MOST_FILES) {
    throw new Problem(507, `there are ${MOST_FILES} files already: DELETE one first`)
  }
  if (Number(request.headers['content-length']) > FILE_BYTES) throw tooLarge()
  uploads += 1
  const underWay = join(node.filesDirectory, `.${process.pid}-${uploads}`)
  const hash = createHash('sha256')
  let bytes = 0
  try {
    await pipeline(async function* () {
      // The connection must outlive a refusal, to carry the answer.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > FILE_BYTES) throw tooLarge()
        hash.update(chunk)
        yield chunk
      }
    }, createWriteStream(underWay))
    await rename(underWay, join(node.filesDirectory, name))
  } catch (error) {
    await rm(underWay, { force: true })
    throw error
  }
  json(response, 201, { name, bytes, sha256: hash.digest('hex'), storedBy: node.name })
}

async function remove({ params, response, node }: Exchange): Promise<void> {
  await rm(join(node.filesDirectory, params[0]!)).catch(() => {
    throw new Problem(404, `there is no file ${params[0]}`)
  })
  response.writeHead(204).end()
}

async function names(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter(name => !name.startsWith('.')).sort()
}

function tooLarge(): Problem {
  return new Problem(413, `a file is at most ${FILE_BYTES} bytes`)
}
