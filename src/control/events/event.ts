// Everything that happens in the control plane, each thing told once. Rooms below tell of what is theirs; what has no room below is
// named here. Types only.

import type { AcmeEvent } from '../certificates/acme/acme-event.ts'
import type { CertificateEvent } from '../certificates/certificate-event.ts'
import type { HoldingEvent } from '../held/held-event.ts'
import type { PauseEvent } from '../held/pause-event.ts'
import type { NameEvent } from '../names/name-event.ts'
import type { UpstreamEvent } from '../upstreams/upstream-event.ts'
import type { WindowsEvent } from '../windows/window-event.ts'
import type { SettledEvent } from '../workers/in-doubt-list.ts'
import type { WorkerEvent } from '../workers/worker-event.ts'
import type { OrderEvent } from './order-event.ts'
import type { PoolEvent } from './pool-event.ts'
import type { ReloadEvent } from './reload-event.ts'

export type VigiaEvent =
  | UpstreamEvent
  | NameEvent
  | WindowsEvent
  | WorkerEvent
  | SettledEvent
  | OrderEvent
  | ReloadEvent
  | PoolEvent
  | CertificateEvent
  | AcmeEvent
  | HoldingEvent
  | PauseEvent
  | StartedEvent
  | StoppedEvent
  | ClockStepEvent

/** Vigia begins to start. */
export interface StartedEvent {
  readonly type: 'started'
  readonly version: string
  /** Of the configuration. */
  readonly revision: number
  /** The configuration file, as it was named; undefined = there is none. */
  readonly file: string | undefined
  /** Text of the configuration; undefined = it was not read from one. */
  readonly text: string | undefined
  /** Whether there is a store. */
  readonly keeps: boolean
}

/** Every worker has ended. */
export interface StoppedEvent {
  readonly type: 'stopped'
  /** Who or what stops vigia. */
  readonly by: string
  /** Requests that took too long. */
  readonly cut: number
}

/** The wall clock was set, or the machine was suspended. */
export interface ClockStepEvent {
  readonly type: 'clock-step'
  /** By the clock as it is now, epoch ms. */
  readonly atMs: number
  /** Negative = back. */
  readonly byMs: number
}

export type Tell = (event: VigiaEvent) => void
