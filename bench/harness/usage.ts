// Reads what a process and its descendants have used, from /proc: CPU time of all threads and resident memory.
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** Time on a CPU since the start, microseconds: exact where the kernel keeps it (schedstat), else in clock ticks. */
  readonly cpuUs: number
  /** Of it, that of vigia's worker threads; 0 for others. */
  readonly workersUs: number
  /** In user mode and in the kernel, microseconds, in clock ticks of 10 ms. */
  readonly userUs: number
  readonly systemUs: number
  readonly rssBytes: number
}

/** Linux reports times to user space in ticks of 1/100 s on every architecture (USER_HZ). */
const usPerTick = 10_000
/** Sum over the process tree. A process or thread that ended meanwhile counts as nothing. */
export function readUsage(pid: number): Usage {
  const sum = { cpuUs: 0, workersUs: 0, userUs: 0, systemUs: 0, rssBytes: 0 }
  for (const each of processTree(pid)) {
    try {
      const { userUs, systemUs } = tickTimes(`/proc/${each}/stat`)
      sum.userUs += userUs
      sum.systemUs += systemUs
      const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${each}/status`, 'latin1'))
      sum.rssBytes += Number(rss?.[1] ?? 0) * 1024
      for (const thread of readdirSync(`/proc/${each}/task`)) {
        const folder = `/proc/${each}/task/${thread}`
        const us = threadUs(folder)
        sum.cpuUs += us
        if (readFileSync(`${folder}/comm`, 'latin1').startsWith('vigia-worker')) sum.workersUs += us
      }
    } catch {}
  }
  return sum
}

/** What was used between two readings. */
export function usedBetween(from: Usage, to: Usage): Usage {
  const [userUs, systemUs] = [to.userUs - from.userUs, to.systemUs - from.systemUs]
  // A thread that ended took its exact time with it; the ticks of its process still have it.
  const lost = userUs + systemUs - (to.cpuUs - from.cpuUs) > 10 * usPerTick
  return {
    cpuUs: lost ? userUs + systemUs : to.cpuUs - from.cpuUs,
    workersUs: to.workersUs - from.workersUs,
    userUs,
    systemUs,
    rssBytes: to.rssBytes,
  }
}

function threadUs(folder: string): number {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[0]) / 1000
  } catch {
    const { userUs, systemUs } = tickTimes(`${folder}/stat`)
    return userUs + systemUs
  }
}

function tickTimes(file: string): { userUs: number; systemUs: number } {
  // The second field is the program's name in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const stat = readFileSync(file, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { userUs: Number(fields[11]) * usPerTick, systemUs: Number(fields[12]) * usPerTick }
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
