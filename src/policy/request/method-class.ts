// Whether a method only reads (RFC 9110 9.2.1). One that is not known is taken for one that changes something.

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
