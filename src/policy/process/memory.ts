// Which worker is to be drained and replaced for the memory that it holds, before the machine ends vigia, or V8 the worker.

/** One worker, as it tells of itself. */
export interface WorkerMemory {
  readonly worker: number
  /** It listens: only then may another be spared. */
  readonly isReady: boolean
  /** Of JavaScript objects. */
  readonly heapBytes: number
  /** With its buffers and what else V8 holds for it. */
  readonly allBytes: number
}

export interface MemoryBounds {
  /** Of the whole process. */
  readonly totalBytes: number
  /** Of the heap of each worker: V8 ends one that needs more. */
  readonly heapBytes: number
}

export interface Renewal {
  readonly worker: number
  readonly why: 'heap' | 'total'
}

const MIB = 1024 ** 2
/** Of what the container or the machine has: the rest is for the page cache, and for those beside vigia. */
const DEFAULT_SHARE = 0.8
/** Of the heap's bound: a drain takes a while, and goes on allocating. */
const HEAP_SHARE = 0.85
const MOST_HEAP_BYTES = 1024 * MIB
const LEAST_HEAP_BYTES = 64 * MIB
/** A worker that holds less than this part of an even share has little to give back. */
const WORTHWHILE = 0.5

/** @param limitBytes as it is configured; undefined = it is not @param machineBytes of the container or the machine */
export function memoryBounds(limitBytes: number | undefined, machineBytes: number, workers: number): MemoryBounds {
  const totalBytes = limitBytes ?? Math.floor(machineBytes * DEFAULT_SHARE)
  const heapBytes = Math.max(LEAST_HEAP_BYTES, Math.min(MOST_HEAP_BYTES, Math.floor(totalBytes / workers)))
  return { totalBytes, heapBytes }
}

/** One at a time: undefined while another is not back. @param residentBytes of the whole process */
export function renewalOf(
  workers: readonly WorkerMemory[],
  residentBytes: number,
  { totalBytes, heapBytes }: MemoryBounds,
): Renewal | undefined {
  if (!workers.every(({ isReady }) => isReady)) return undefined
  const fullest = workers.toSorted((a, b) => b.heapBytes - a.heapBytes)[0]
  if (fullest && fullest.heapBytes > heapBytes * HEAP_SHARE) return { worker: fullest.worker, why: 'heap' }
  const largest = workers.toSorted((a, b) => b.allBytes - a.allBytes)[0]
  const isWorthwhile = largest && largest.allBytes > (totalBytes / workers.length) * WORTHWHILE
  return residentBytes > totalBytes && isWorthwhile ? { worker: largest.worker, why: 'total' } : undefined
}
