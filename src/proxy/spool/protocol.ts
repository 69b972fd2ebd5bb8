// What workers and the spool's thread say to each other. Bytes are transferred, never copied. The thread answers each `write` and each
// `read`, in order.

import type { BufferTrouble } from '../../policy/request/buffering/trouble.ts'

/** What goes to the thread. Numbers of files are the worker's own. */
export type ToSpool =
  | {
      readonly type: 'write'
      readonly file: number
      readonly bytes: ArrayBuffer
      /** Of `bytes`, so many from the beginning. */
      readonly length: number
      /** With the first write of a file. */
      readonly create?: SpoolPlace | undefined
    }
  /** Into `into`, which has room for it. */
  | {
      readonly type: 'read'
      readonly file: number
      readonly at: number
      readonly length: number
      readonly into: ArrayBuffer
      readonly round: number
    }
  /** The file is gone; nothing follows. */
  | { readonly type: 'close'; readonly file: number }

export interface SpoolPlace {
  /** Absolute. */
  readonly directory: string
  /** Bytes of its file system that stay free. */
  readonly keepFreeBytes: number
}

export type FromSpool =
  /** `bytes` are the worker's again. */
  | { readonly type: 'written'; readonly file: number; readonly bytes: ArrayBuffer; readonly length: number }
  /** Nothing of it was written, and nothing more will be to this file. */
  | {
      readonly type: 'refused'
      readonly file: number
      readonly bytes: ArrayBuffer
      readonly length: number
      readonly trouble: BufferTrouble
      /** One line. */
      readonly detail: string
    }
  /** Less than asked for where the file has no more. */
  | {
      readonly type: 'read'
      readonly file: number
      readonly bytes: ArrayBuffer
      readonly length: number
      readonly round: number
    }
  /** What was asked for can't be read. */
  | { readonly type: 'unreadable'; readonly file: number; readonly detail: string }
