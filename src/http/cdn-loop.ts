// Whether a request has come back to where it was: a pool of which an upstream leads to vigia again. Each pool puts a mark of its own into
// CDN-Loop (RFC 8586), which who stands between passes on. Not into Via: servers send less to who came through a proxy. Not one mark for
// all: a request may pass vigia twice, by two pools, on its way through a sign-in proxy.

/**
 * @param instance random, and the same for all workers of a process
 * @param pool its slot
 * @returns a cdn-id; none is part of another
 */
export function loopMark(instance: string, pool: number): string {
  return `vigia-${pool}-${instance}`
}

/** @param passed CDN-Loop as the request had it @param mark of the pool that it has come to */
export function isLoop(passed: string, mark: string): boolean {
  return passed.includes(mark)
}
