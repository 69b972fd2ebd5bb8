// What all buffers of bodies together may take of this process and its machine.

import type { BuffersPlan } from '../../plan/buffering.ts'

export interface BufferLimits {
  /** Absolute: where files are made. */
  readonly directory: string
  /** Of all bodies, bytes. */
  readonly memoryBytes: number
  /** Of all files, bytes. */
  readonly diskBytes: number
  /** Bytes of the file system that stay free. */
  readonly keepFreeBytes: number
  /** Most at once. */
  readonly files: number
}

/** Of the memory that the process may have. */
const MEMORY_SHARE = 0.25
/** Of the descriptors, so that clients and upstreams have theirs. */
const FILES_SHARE = 1 / 8
const MOST_FILES = 8192

/**
 * @param processBytes memory that the process may have
 * @param descriptors that it may have open; undefined = not known
 * @param temporary the system's folder for temporary files
 */
export function bufferLimits(
  { directory, memoryBytes, diskBytes, keepFreeBytes }: BuffersPlan,
  processBytes: number,
  descriptors: number | undefined,
  temporary: string,
): BufferLimits {
  return {
    directory: directory ?? temporary,
    memoryBytes: memoryBytes ?? Math.floor(processBytes * MEMORY_SHARE),
    diskBytes,
    keepFreeBytes,
    files: Math.min(MOST_FILES, Math.floor((descriptors ?? Number.POSITIVE_INFINITY) * FILES_SHARE)),
  }
}
