// Peers that are built on npm packages, each in a process of its own: one thread, one upstream, no other set-up than the plain one.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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

function onNode(name: string, packageName: string, { file, title }: { file: string; title: string }): Peer {
  const program = fileURLToPath(new URL(file, import.meta.url))
  return {
    name,
    title,
    missing: undefined,
    version: () => {
      const manifest = new URL(`../../node_modules/${packageName}/package.json`, import.meta.url)
      return JSON.parse(readFileSync(manifest, 'utf8')).version
    },
    prepare: ({ port, upstreamPorts }) => [process.execPath, program, String(port), String(upstreamPorts[0])],
  }
}
