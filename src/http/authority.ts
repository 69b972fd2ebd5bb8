// Host and authority (RFC 9110 4.2.3 and 7.2, RFC 3986 3.2): is it well-formed, which name does it hold, are two the same.

const NAME_AND_PORT = /^(?:[0-9A-Za-z_][0-9A-Za-z._~-]*|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?$/

/** True for `host`, `host:port`, `[v6]` and `[v6]:port`: no user, no list, no empty name. Port 1 to 65535, or empty (`host:`). */
export function isAuthority(text: string): boolean {
  if (text.length > 261 || !NAME_AND_PORT.test(text)) return false
  const port = portOf(text)
  return port === '' || (Number(port) > 0 && Number(port) <= 65_535)
}

/** Without the colon of an empty port, which means the same as none (RFC 3986 6.2.3). */
export function withoutEmptyPort(authority: string): string {
  return authority.endsWith(':') ? authority.slice(0, -1) : authority
}

/** Lower-case name without port, without brackets and without a trailing dot. */
export function hostName(authority: string): string {
  const port = portOf(authority)
  let name = port === '' ? withoutEmptyPort(authority) : authority.slice(0, -port.length - 1)
  if (name.startsWith('[')) name = name.slice(1, -1)
  else if (name.endsWith('.')) name = name.slice(0, -1)
  return name.toLowerCase()
}

/** True where both name the same host and port; the scheme's own port may be left out. */
export function authoritiesMatch(a: string, b: string, target: string): boolean {
  const usual = target.slice(0, 5).toLowerCase() === 'https' ? '443' : '80'
  return hostName(a) === hostName(b) && (portOf(a) || usual) === (portOf(b) || usual)
}

/** '' where there is none. */
export function portOf(authority: string): string {
  const colon = authority.lastIndexOf(':')
  return colon < 0 || authority.endsWith(']') ? '' : authority.slice(colon + 1)
}
