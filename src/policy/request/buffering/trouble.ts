// Why a body is not buffered as it should be: it is streamed from there on, as without a buffer.

export const BUFFER_TROUBLES = [
  /** Longer than one body may be. */
  'too-large',
  /** The memory of all buffers is taken, and there is no file. */
  'memory',
  /** The disk space of all buffers is taken. */
  'disk',
  /** The file system has no more to give than is to be left free. */
  'disk-full',
  /** The disk takes too long. */
  'disk-slow',
  /** The disk, or its folder, can't be written to. */
  'disk-failed',
  /** Too many files. */
  'files',
] as const

export type BufferTrouble = (typeof BUFFER_TROUBLES)[number]

/** Whether other bodies meet the same for a while: `too-large` is of one body only, and accounts change all the time. */
export function isOfDisk(trouble: BufferTrouble): boolean {
  return trouble === 'disk-full' || trouble === 'disk-slow' || trouble === 'disk-failed'
}

/** @param code of an error of the file system, such as ENOSPC */
export function troubleOf(code: string | undefined): BufferTrouble {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'disk-full'
  return code === 'EMFILE' || code === 'ENFILE' ? 'files' : 'disk-failed'
}
