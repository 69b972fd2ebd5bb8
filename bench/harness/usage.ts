// Reads what a process and its descendants have used, from /proc: CPU time (all threads) and resident memory.
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** Time in user mode since the start, microseconds. */
  readonly userUs: number
  /** Time in the kernel on its behalf, microseconds. */
  readonly systemUs: number
  readonly rssBytes: number
}

/** Linux reports times to user space in ticks of 1/100 s on every architecture (USER_HZ). */
const usPerTick = 10_000

/** Sum over the process tree. A process that ended meanwhile counts as nothing. */
export function readUsage(pid: number): Usage {
  let [userUs, systemUs, rssBytes] = [0, 0, 0]
  for (const each of processTree(pid)) {
    try {
      // The second field is the program's name in parentheses and may hold spaces; utime and stime are fields 14 and 15.
      const stat = readFileSync(`/proc/${each}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      userUs += Number(fields[11]) * usPerTick
      systemUs += Number(fields[12]) * usPerTick
      const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${each}/status`, 'latin1'))
      rssBytes += Number(rss?.[1] ?? 0) * 1024
    } catch {}
  }
  return { userUs, systemUs, rssBytes }
}

function processTree(pid: number): number[] {
  const found = [pid]
  for (const parent of found) {
    try {
      for (const thread of readdirSync(`/proc/${parent}/task`)) {
        const children = readFileSync(`/proc/${parent}/task/${thread}/children`, 'latin1')
        for (const child of children.split(' ')) if (child !== '') found.push(Number(child))
      }
    } catch {}
  }
  return found
}
