// Where the demo listens: the configured ports, or others where those are taken. Rewrites a snapshot; starts nothing.

import type { NodeAddress } from '../demo/fleet.ts'
import { freePort } from '../demo/ports.ts'
import type { Snapshot } from '../plan/snapshot.ts'

export interface Placed {
  readonly snapshot: Snapshot
  /** One for each upstream address of the configuration. */
  readonly nodes: readonly NodeAddress[]
  readonly moved: readonly { readonly what: string; readonly wanted: number; readonly used: number }[]
}

/** @param first where the row of ports begins; 0 = any free ones; undefined = as configured */
export async function placeDemo(snapshot: Snapshot, first: number | undefined): Promise<Placed> {
  const used = new Set<number>()
  const moved: { what: string; wanted: number; used: number }[] = []
  const place = async (what: string, host: string, configured: number): Promise<number> => {
    const wanted = first === undefined ? configured : first === 0 ? 0 : first + used.size
    const port = await freePort(host, wanted, used)
    used.add(port)
    if (wanted !== 0 && port !== wanted) moved.push({ what, wanted, used: port })
    return port
  }

  const listeners = []
  for (const listener of snapshot.listeners) {
    listeners.push({ ...listener, port: await place(listener.name, listener.host, listener.port) })
  }
  const { admin: configured } = snapshot
  const admin =
    configured === undefined
      ? undefined
      : { ...configured, port: await place('admin', configured.host, configured.port) }

  const health = snapshot.health && {
    ...snapshot.health,
    port: await place('health', snapshot.health.host, snapshot.health.port),
  }

  // Two pools may name the same node: that is one process.
  const nodes = new Map<string, NodeAddress>()
  for (const { name, host, port, authority } of snapshot.pools.flatMap(pool => pool.upstreams)) {
    if (!nodes.has(authority)) nodes.set(authority, { name, host, port: await place(name, host, port) })
  }
  const pools = snapshot.pools.map(pool => ({
    ...pool,
    upstreams: pool.upstreams.map(upstream => {
      const { host, port } = nodes.get(upstream.authority)!
      return { ...upstream, port, authority: `${host}:${port}` }
    }),
  }))
  return { snapshot: { ...snapshot, listeners, admin, health, pools }, nodes: [...nodes.values()], moved }
}
