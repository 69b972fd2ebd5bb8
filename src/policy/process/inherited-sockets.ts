// Which listener takes which of the sockets that vigia was started with (sd_listen_fds(3)): the one with the same address, to the letter.
// What is nearly the same can't be bound beside it, and what nobody takes would let clients wait for ever: both are said.

/** A socket that listens already. */
export interface InheritedSocket {
  readonly fd: number
  readonly host: string
  readonly port: number
}

interface Place {
  readonly name: string
  readonly host: string
  readonly port: number
}

/** @returns undefined where it has to bind its address itself */
export function socketFor(
  { host, port }: Pick<Place, 'host' | 'port'>,
  sockets: readonly InheritedSocket[],
): InheritedSocket | undefined {
  return sockets.find(socket => socket.port === port && socket.host === host)
}

/** One of the same port that is in the way of this listener; undefined = none is. */
export function socketInTheWay(place: Place, sockets: readonly InheritedSocket[]): InheritedSocket | undefined {
  if (socketFor(place, sockets) !== undefined) return undefined
  return sockets.find(
    ({ host, port }) => port === place.port && (isWildcard(host) || isWildcard(place.host) || host === place.host),
  )
}

/** Those that no listener takes. */
export function unclaimedSockets(
  places: readonly Place[],
  sockets: readonly InheritedSocket[],
): readonly InheritedSocket[] {
  const taken = new Set(places.map(place => socketFor(place, sockets)))
  return sockets.filter(socket => !taken.has(socket))
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
