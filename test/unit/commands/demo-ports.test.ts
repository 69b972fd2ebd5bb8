import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { placeDemo } from '../../../src/commands/demo-ports.ts'
import type { Snapshot } from '../../../src/plan/snapshot.ts'

const HOST = '127.0.0.1'
const upstream = (name: string, port: number) => ({ name, host: HOST, port, authority: `${HOST}:${port}` })

function snapshotAt(web: number, admin: number, node: number): Snapshot {
  const pools = [
    { name: 'erp', upstreams: [upstream('erp-1', node), upstream('erp-2', node + 1)] },
    { name: 'bus', upstreams: [upstream('bus-1', node)] },
  ]
  // Only what the demo looks at: the rest of a snapshot passes through.
  return {
    revision: 7,
    listeners: [{ name: 'web', host: HOST, port: web }],
    admin: { host: HOST, port: admin },
    pools,
  } as unknown as Snapshot
}

async function occupy(): Promise<{ port: number; release: () => void }> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen({ host: HOST, port: 0 }, resolve))
  return { port: (server.address() as { port: number }).port, release: () => server.close() }
}

test('any free ports are all different, and the snapshot points at the nodes', async () => {
  const { snapshot, nodes, moved } = await placeDemo(snapshotAt(1, 2, 3), 0)
  const ports = [snapshot.listeners[0]!.port, snapshot.admin!.port, ...nodes.map(node => node.port)]
  expect(new Set(ports).size).toBe(4)
  expect(moved).toEqual([])
  expect(snapshot.pools[0]!.upstreams.map(({ port }) => port)).toEqual(nodes.map(({ port }) => port))
  expect(snapshot.pools[0]!.upstreams[0]!.authority).toBe(`${HOST}:${nodes[0]!.port}`)
  expect(snapshot.revision).toBe(7)
})

test('a node that two pools name is one process', async () => {
  const { snapshot, nodes } = await placeDemo(snapshotAt(1, 2, 3), 0)
  expect(nodes.map(({ name }) => name)).toEqual(['erp-1', 'erp-2'])
  expect(snapshot.pools[1]!.upstreams[0]!.port).toBe(nodes[0]!.port)
})

test('a configured port that is taken is replaced, and the person is told which', async () => {
  const web = await occupy()
  try {
    const { snapshot, moved } = await placeDemo(snapshotAt(web.port, 0, 0), undefined)
    const used = snapshot.listeners[0]!.port
    expect(used).not.toBe(web.port)
    expect(moved).toContainEqual({ what: 'web', wanted: web.port, used })
  } finally {
    web.release()
  }
})

test('ports that were asked for are given one after the other', async () => {
  const { port: first, release } = await occupy()
  try {
    const { snapshot, nodes, moved } = await placeDemo(snapshotAt(1, 2, 3), first)
    const used = [snapshot.listeners[0]!.port, snapshot.admin!.port, ...nodes.map(node => node.port)]
    // Any of the row may be taken on this machine; what was not moved is where it was wanted.
    const wanted = ['web', 'admin', 'erp-1', 'erp-2'].map(
      (what, i) => moved.find(each => each.what === what)?.used ?? first + i,
    )
    expect(used).toEqual(wanted)
    expect(moved[0]).toMatchObject({ what: 'web', wanted: first })
  } finally {
    release()
  }
})
