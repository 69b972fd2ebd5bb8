// Who listens on a TCP port of this machine, from what Linux tells of its sockets and processes. For messages only: it says nothing where
// the system, or this user's rights, don't let it see.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'

export interface PortHolder {
  readonly pid: number
  /** `nginx`; `vigia` for one of these. */
  readonly name: string
}

/** State of a socket that listens, in /proc/net/tcp (Linux, include/net/tcp_states.h). */
const LISTENS = '0A'

/** @returns undefined = not known */
export function portHolder(port: number): PortHolder | undefined {
  return portHolders(port)[0]
}

/** All of them: several may share a port. @returns empty = not known, or nobody */
export function portHolders(port: number): PortHolder[] {
  const sockets = new Set(['tcp', 'tcp6'].flatMap(each => listenersOn(port, text(`/proc/net/${each}`))))
  if (sockets.size === 0) return []
  return names('/proc')
    .filter(each => /^[0-9]+$/.test(each))
    .filter(pid => names(`/proc/${pid}/fd`).some(fd => sockets.has(target(`/proc/${pid}/fd/${fd}`))))
    .map(pid => ({ pid: Number(pid), name: nameOf(pid) }))
}

/** @param table of /proc/net/tcp or tcp6 @returns `socket:[INODE]` of each that listens on that port */
export function listenersOn(port: number, table: string): string[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table.split('\n').flatMap(line => {
    const columns = line.trim().split(/ +/)
    return columns[1]?.endsWith(local) && columns[3] === LISTENS ? [`socket:[${columns[9]}]`] : []
  })
}

/** Never its arguments: they may be secrets. */
function nameOf(pid: string): string {
  const isVigia = text(`/proc/${pid}/cmdline`)
    .split('\0')
    .some(each => /^vigia(?:\.js)?$/.test(basename(each)))
  return isVigia ? 'vigia' : basename(target(`/proc/${pid}/exe`)) || text(`/proc/${pid}/comm`).trim()
}

function text(file: string): string {
  return orElse('', () => readFileSync(file, 'utf8'))
}

function names(folder: string): string[] {
  return orElse([], () => readdirSync(folder))
}

function target(link: string): string {
  return orElse('', () => readlinkSync(link))
}

/** Processes end while they are looked at, and others' are not for everybody. */
function orElse<T>(fallback: T, look: () => T): T {
  try {
    return look()
  } catch {
    return fallback
  }
}
