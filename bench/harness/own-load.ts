// Runs one of the suite's own generators (bench/load/) in a process on the load's core and talks it through its life (load/generator.ts).
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Order } from '../load/generator.ts'
import { loadCores } from './cores.ts'
import type { Load } from './load.ts'
import { startTalking } from './process.ts'

const openingMs = 20_000

export function ownLoad(name: 'http-generator' | 'websocket-generator'): Load {
  const program = fileURLToPath(new URL(`../load/${name}.ts`, import.meta.url))
  return {
    name,
    run: async ({ scenario, port, seconds, connections, ratePerS, started, ended }) => {
      const order: Order = { scenario: scenario.name, port, seconds, connections, ratePerS }
      const child = startTalking([process.execPath, program, JSON.stringify(order)], loadCores)
      const exited = once(child, 'exit')
      const late = setTimeout(() => child.kill('SIGKILL'), openingMs + seconds * 1000 + 10_000)
      let complaint = ''
      child.stderr.on('data', chunk => {
        complaint += String(chunk)
      })
      child.stdin.on('error', () => {})
      try {
        for await (const line of createInterface({ input: child.stdout })) {
          if (line === 'OPEN') {
            started()
            child.stdin.write('GO\n')
          } else if (line.startsWith('RESULT ')) {
            ended()
            child.stdin.end()
            await exited
            return JSON.parse(line.slice('RESULT '.length))
          }
        }
        const why = /^\w*Error: .*$/m.exec(complaint)?.[0] ?? complaint.trim()
        throw new Error(`${name} ended without a result${why === '' ? '' : `: ${why}`}`)
      } finally {
        clearTimeout(late)
        child.stdin.end()
      }
    },
  }
}
