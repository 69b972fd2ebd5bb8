// The sockets that this process was started with, from systemd or another activator (sd_listen_fds(3)): they listen while vigia does not
// run, so a restart lets clients wait instead of refusing them. They stay open here as long as the process lives; each worker takes a
// descriptor of its own (src/proxy/client/own-descriptors.ts).

import { Socket } from 'node:net'
import { type InheritedSocket, unclaimedSockets } from '../../policy/process/inherited-sockets.ts'
import { hostPort } from '../../util/words.ts'
import { CannotServe } from './cannot-serve.ts'

/** The first one, as the protocol has it (SD_LISTEN_FDS_START). */
const FIRST = 3
/** Holds the objects that own the descriptors: without it they could be collected, and close them. */
const kept: Socket[] = []

/**
 * Takes them; once, since children of this process must not think that they are theirs: the variables go.
 * @param env LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES are taken out of it
 * @throws CannotServe where one of them is no TCP socket that listens
 */
export function takeInheritedSockets(env: NodeJS.ProcessEnv, pid: number): readonly InheritedSocket[] {
  const { LISTEN_PID, LISTEN_FDS } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  if (Number(LISTEN_PID) !== pid) return []
  const count = Number(LISTEN_FDS)
  return Array.from({ length: Number.isInteger(count) ? count : 0 }, (_, index) => describe(FIRST + index))
}

function describe(fd: number): InheritedSocket {
  const socket = open(fd)
  const { address, port } = (socket?.address() ?? {}) as { address?: string; port?: number }
  if (socket === undefined || address === undefined || port === undefined || socket.remoteAddress !== undefined)
    throw new CannotServe(
      `descriptor ${fd} that vigia was started with is no TCP socket that listens: vigia.socket may have ListenStream=ADDRESS:PORT lines only, and no Accept=yes`,
      undefined,
    )
  kept.push(socket)
  return { fd, host: address, port }
}

function open(fd: number): Socket | undefined {
  try {
    // Neither read nor written: only asked for its address.
    return new Socket({ fd, readable: false, writable: false })
  } catch {
    return undefined
  }
}

/** One line for each that no listener takes. */
export function unclaimedWords(
  listeners: Parameters<typeof unclaimedSockets>[0],
  sockets: readonly InheritedSocket[],
): readonly string[] {
  return unclaimedSockets(listeners, sockets).map(
    ({ host, port }) =>
      `no listener has the address ${hostPort(host, port)} that vigia was started with: clients that connect to it get no answer; add a listener, or take ListenStream=${hostPort(host, port)} out of vigia.socket`,
  )
}
