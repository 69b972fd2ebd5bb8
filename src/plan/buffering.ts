// How bodies are buffered, so that a slow client holds no worker of its upstream, as compiled.

/** `auto`: for upstreams that are known to hold a worker for each connection. */
export type BufferMode = 'auto' | 'on' | 'off'

/** Bodies of one direction on one route. */
export interface BodyBufferPlan {
  readonly mode: BufferMode
  /** Of one body, in memory; what is beyond goes to a file. */
  readonly memoryBytes: number
  /** Of one body, in memory and in its file; beyond it the other side waits, as without a buffer. */
  readonly maxBytes: number
}

export interface RouteBufferPlan {
  readonly request: BodyBufferPlan
  readonly response: BodyBufferPlan
}

/** What all buffers together may take. Read at the start only. */
export interface BuffersPlan {
  /** Absolute: where files are made, and unlinked at once; undefined = the system's folder for temporary files. */
  readonly directory: string | undefined
  /** Of all bodies in all workers; undefined = a quarter of the memory that the process may have. */
  readonly memoryBytes: number | undefined
  /** Of all files. */
  readonly diskBytes: number
  /** Left free in the file system of `directory`. */
  readonly keepFreeBytes: number
}
