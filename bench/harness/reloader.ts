// Has a vigia read its configuration again every second while it is measured: SIGHUP after its file was touched, or changed in one key
// that no request depends on. Counts reloads that did not happen.
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'

export interface Reloader {
  /** How many of the changes were not taken over. */
  stop(): Promise<number>
}

const intervalMs = 1000
const settleMs = 1000

export function reloadEvery(kind: 'touched' | 'changed', pid: number, configFile: string, adminPort: number): Reloader {
  const text = readFileSync(configFile, 'utf8')
  let changes = 0
  const revisionBefore = revisionOf(adminPort)
  const timer = setInterval(() => {
    const nowS = Date.now() / 1000
    if (kind === 'touched') utimesSync(configFile, nowS, nowS)
    else {
      changes += 1
      writeFileSync(configFile, `${text}\nshutdown: ${30 + (changes % 2)}s\n`)
    }
    process.kill(pid, 'SIGHUP')
  }, intervalMs)
  return {
    stop: async () => {
      clearInterval(timer)
      await new Promise(resolve => setTimeout(resolve, settleMs))
      const applied = (await revisionOf(adminPort)) - (await revisionBefore)
      // As it was: the next round begins with what this one began with.
      writeFileSync(configFile, text)
      process.kill(pid, 'SIGHUP')
      await new Promise(resolve => setTimeout(resolve, settleMs))
      return Math.max(0, changes - applied)
    },
  }
}

async function revisionOf(adminPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/status`, { signal: AbortSignal.timeout(5000) })
  return ((await answer.json()) as { revision: number }).revision
}
