// Peers that are built on npm packages, each in a process of its own: one thread, one upstream, no other set-up than the plain one.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { certificateIn } from './certificate.ts'
import type { Peer } from './peer.ts'

export const undiciProxy = onNode('undici', 'undici', {
  file: './undici-proxy.ts',
  title: 'node:http server and undici pool, hand-written, streaming',
})
export const fastProxy = onNode('fast-proxy', 'fast-proxy', {
  file: './fast-proxy.ts',
  title: 'fast-proxy in its undici mode',
})
export const fastifyProxy = onNode('fastify', '@fastify/http-proxy', {
  file: './fastify-proxy.ts',
  title: '@fastify/http-proxy, logger off',
})
export const httpProxy = onNode('http-proxy', 'http-proxy', {
  file: './http-proxy.ts',
  title: 'node-http-proxy with a keep-alive agent',
})

export const nodeHttp2 = onNode('node-http2', undefined, {
  file: './node-http2-proxy.ts',
  title: 'node:http2 in front of a keep-alive agent, for the scenarios of HTTP/2',
})

export const nodeTls: Peer = {
  name: 'node-tls',
  title: 'node:tls and nothing behind it, for the scenarios of handshakes: the least that they cost on Node',
  missing: undefined,
  version: () => process.versions.node,
  prepare: ({ port, upstreamPorts, folder }) => {
    const { certFile, keyFile } = certificateIn(folder)
    const program = fileURLToPath(new URL('./node-tls.ts', import.meta.url))
    return [process.execPath, program, String(port), String(upstreamPorts[0]), certFile, keyFile]
  },
}

function onNode(name: string, packageName: string | undefined, { file, title }: { file: string; title: string }): Peer {
  const program = fileURLToPath(new URL(file, import.meta.url))
  return {
    name,
    title,
    missing: undefined,
    version: () => {
      if (packageName === undefined) return process.versions.node
      const manifest = new URL(`../../node_modules/${packageName}/package.json`, import.meta.url)
      return JSON.parse(readFileSync(manifest, 'utf8')).version
    },
    prepare: ({ port, upstreamPorts }) => [process.execPath, program, String(port), String(upstreamPorts[0])],
  }
}
