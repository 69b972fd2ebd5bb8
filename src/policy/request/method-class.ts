// What follows from a request's method: whether it only reads, whether it counts the proxies on its way.

/** RFC 9110 9.2.1. A method that is not known is taken for one that changes something. */
export function isSafe(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'OPTIONS':
    case 'TRACE':
      return true
    default:
      return false
  }
}

/** Max-Forwards means something to these methods only (RFC 9110 7.6.2); with any other it is passed on as it came. */
export function countsHops(method: string): boolean {
  return method === 'OPTIONS' || method === 'TRACE'
}

/** True where vigia is the last that may get the request: it answers itself. @param maxForwards undefined = there is no such field */
export function isLastHop(method: string, maxForwards: number | undefined): boolean {
  return maxForwards === 0 && countsHops(method)
}
