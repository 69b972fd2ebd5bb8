// What the process, its container and the machine have left: descriptors, memory, cores, threads. Pure: /proc and cgroups come as arguments.

import { type Finding, found, ok, type ReadText } from './finding.ts'

export interface ProcessFacts {
  /** Of the vigia that runs; undefined = none does, and it is this shell's process that is looked at. */
  readonly pid: number | undefined
  readonly workers: number
  /** Open now; undefined = not known. */
  readonly descriptors: number | undefined
  /** What the limit of descriptors means for clients; undefined = it lasts for all of them. */
  readonly descriptorWarning: string | undefined
  /** Most memory that the process may take by its configuration, bytes. */
  readonly memoryBytes: number
  /** Of the machine, bytes. */
  readonly machineBytes: number
}

const NEARLY_ALL = 0.8
const MIB = 1024 ** 2

export function processFindings(read: ReadText, facts: ProcessFacts): Finding[] {
  return [...descriptors(read, facts), ...memory(read, facts), ...cores(read, facts), ...threadPool(read, facts)]
}

function descriptors(read: ReadText, { pid, descriptors: open, descriptorWarning }: ProcessFacts): Finding[] {
  const whose = pid ?? 'self'
  const [, soft, hard] = /^Max open files +(\S+) +(\S+)/m.exec(read(`/proc/${whose}/limits`) ?? '') ?? []
  if (soft === undefined) return []
  // Node raises the soft limit to the hard one as it starts.
  const most = Number(pid === undefined ? hard : soft)
  const limit = Number.isNaN(most) ? 'without limit' : `at most ${most}`
  const used = open === undefined || pid === undefined ? '' : `, ${open} are open now`
  const what = `descriptors: ${limit}${used}${pid === undefined ? ' (of this shell)' : ''}`
  const advice = 'LimitNOFILE=65536 in the unit of systemd, or ulimit -n 65536'
  if (open !== undefined && pid !== undefined && open > NEARLY_ALL * most)
    return [found('error', 'descriptors', `${what}: new connections will be refused`, advice)]
  if (descriptorWarning !== undefined) return [found('warning', 'descriptors', descriptorWarning, advice)]
  return [ok('descriptors', what)]
}

function memory(read: ReadText, { pid, memoryBytes, machineBytes }: ProcessFacts): Finding[] {
  const findings: Finding[] = []
  const group = cgroupOf(read, pid)
  const most = numberOf(read(`${group}/memory.max`))
  const available = kilobytes(read('/proc/meminfo'), 'MemAvailable')
  const resident = pid === undefined ? undefined : kilobytes(read(`/proc/${pid}/status`), 'VmRSS')
  const has = resident === undefined ? '' : `, it has ${mib(resident)} now`
  const bound = Math.min(most ?? Number.POSITIVE_INFINITY, machineBytes)
  const what = `memory: vigia may take ${mib(memoryBytes)} (limits.memory) of ${mib(bound)}${has}`
  if (memoryBytes > bound)
    findings.push(
      found(
        'error',
        'memory',
        `${what}: the kernel ends it before it renews its workers`,
        'lower limits.memory, or give the container more',
      ),
    )
  else findings.push(ok('memory', what))
  if (available !== undefined && available < 0.05 * machineBytes)
    findings.push(
      found(
        'warning',
        'memory',
        `only ${mib(available)} of ${mib(machineBytes)} are left on this machine`,
        'find out who has them: ps aux --sort -rss | head',
      ),
    )
  const kills = Number(/^oom_kill (\d+)$/m.exec(read(`${group}/memory.events`) ?? '')?.[1] ?? 0)
  if (kills > 0)
    findings.push(
      found(
        'warning',
        'memory',
        `the kernel has ended ${kills} processes of this container for want of memory`,
        'give it more, or lower limits.memory',
      ),
    )
  return findings
}

function cores(read: ReadText, { pid, workers }: ProcessFacts): Finding[] {
  const [quota, period] = (read(`${cgroupOf(read, pid)}/cpu.max`) ?? '').trim().split(' ').map(Number)
  if (quota === undefined || period === undefined || Number.isNaN(quota)) return []
  const share = quota / period
  const what = `the container gets ${Math.round(share * 10) / 10} cores, vigia has ${workers} workers`
  if (workers <= Math.ceil(share)) return [ok('cores', what)]
  return [
    found(
      'warning',
      'cores',
      `${what}: they take each other's time, and stand still`,
      `workers: ${Math.max(1, Math.floor(share))}`,
    ),
  ]
}

function threadPool(read: ReadText, { pid }: ProcessFacts): Finding[] {
  const size = /(?:^|\0)UV_THREADPOOL_SIZE=(\d+)/.exec(read(`/proc/${pid ?? 'self'}/environ`) ?? '')?.[1]
  if (size === undefined || Number(size) >= 4) return [ok('thread pool', `thread pool: ${size ?? 4} threads`)]
  const what = `the thread pool has ${size} threads: disk, names and compression wait for each other`
  return [found('warning', 'thread pool', what, 'leave out UV_THREADPOOL_SIZE, or set it to 4 at least')]
}

/** cgroup v2; where there is none its files are not there either. */
function cgroupOf(read: ReadText, pid: number | undefined): string {
  const path = /^0::(\S+)$/m.exec(read(`/proc/${pid ?? 'self'}/cgroup`) ?? '')?.[1] ?? '/'
  return `/sys/fs/cgroup${path === '/' ? '' : path}`
}

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text?.trim() || Number.NaN)
  return Number.isNaN(value) ? undefined : value
}

function kilobytes(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1]
  return found === undefined ? undefined : Number(found) * 1024
}

function mib(bytes: number): string {
  return Number.isFinite(bytes) ? `${Math.round(bytes / MIB)} MiB` : 'any amount'
}
