// The process of one sample ERP node. Started by the fleet only; ends by itself when its parent is gone, however that ended.

import { rmSync } from 'node:fs'
import { erpServer } from './erp-server.ts'
import { LiveClients } from './live.ts'
import { type NodeStart, SIGN_MS, type ToParent } from './messages.ts'
import { connectToParent } from './parent-link.ts'

const LAST_REQUESTS_MS = 5_000

const node = JSON.parse(process.argv[2]!) as NodeStart
const live = new LiveClients(node.name)
const health = { passing: true }
const { parent, send } = connectToParent(
  message => {
    if (message.type === 'order') live.announce(message.order)
    if (message.type === 'set-health') setHealth(message.passing)
  },
  () => {
    rmSync(node.filesDirectory, { recursive: true, force: true })
    process.exit(0)
  },
)
const server = erpServer({ node, parent, live, health, setHealth })

server.on('error', error => {
  process.send?.({ type: 'cannot-listen', reason: error.message } satisfies ToParent, () => process.exit(1))
})
server.listen({ host: node.host, port: node.port }, () => send({ type: 'listening' }))
setInterval(() => send({ type: 'alive' }), SIGN_MS).unref()

// Ctrl-C reaches every process of the terminal; the parent decides when this one ends, after the balancer has drained.
process.on('SIGINT', () => {})
process.on('SIGTERM', stop)

/** As a well-behaved node stops: no new connections, the last requests are answered. */
function stop(): void {
  live.close()
  server.close(() => process.exit(0))
  setTimeout(() => process.exit(0), LAST_REQUESTS_MS).unref()
}

function setHealth(passing: boolean): void {
  if (health.passing === passing) return
  health.passing = passing
  send({ type: 'health', passing })
}
