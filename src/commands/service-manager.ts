// Tells systemd how far vigia is (sd_notify(3), Type=notify), and every now and then that its control plane goes round (WatchdogSec=).
// systemd-notify(1), which comes with systemd, says it: Node can't send to the Unix datagram socket that systemd listens on. (record 66)

import { execFile } from 'node:child_process'

const NEEDS = 'systemd-notify'
const WITHIN_MS = 20_000

export interface ServiceManager {
  /** Everything listens. */
  ready(): void
  stopping(): void
  /** Says nothing more. */
  end(): void
}

/**
 * @param env NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are taken out of it: they are not for children of this process
 * @param warn takes one line: what can't be told, once
 */
export function serviceManager(env: NodeJS.ProcessEnv, pid: number, warn: (text: string) => void): ServiceManager {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID = String(pid) } = env
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  if (!NOTIFY_SOCKET) return { ready: () => {}, stopping: () => {}, end: () => {} }

  let busy = false
  let warned = false
  const tell = (...variables: string[]) => {
    busy = true
    execFile(NEEDS, variables, { env: { ...env, NOTIFY_SOCKET }, timeout: WITHIN_MS }, error => {
      busy = false
      if (error === null || warned) return
      warned = true
      const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is none' : error.message.trim()
      warn(`systemd can't be told how vigia is, which is done by ${NEEDS}: ${why}`)
    })
  }
  const watchdogMs = Number(WATCHDOG_PID) === pid ? Number(WATCHDOG_USEC) / 1000 : Number.NaN
  const timer = watchdogMs > 0 ? setInterval(() => busy || tell('WATCHDOG=1'), watchdogMs / 3).unref() : undefined
  return {
    ready: () => tell('READY=1'),
    stopping: () => tell('STOPPING=1', 'STATUS=finishing what is in flight'),
    end: () => clearInterval(timer),
  }
}
