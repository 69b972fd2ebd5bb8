// What a proxy under test has to offer: whether it can run here, and the command that runs it for one set-up.
import type { ProxySetup } from '../scenarios/scenario.ts'

export interface Peer {
  readonly name: string
  /** What it is and how it is set up, for the report. */
  readonly title: string
  /** Why it can't run here, in one line; undefined = it can. */
  readonly missing: string | undefined
  version(): string
  /** Writes what it needs into the folder and returns its command line. It must stay in the foreground. */
  prepare(setup: Setup): string[]
}

export interface Setup extends ProxySetup {
  /** 127.0.0.1: where it must listen. */
  readonly port: number
  /** 127.0.0.1: a second free port; who has metrics serves them there under /metrics. */
  readonly adminPort: number
  /** 127.0.0.1: the upstreams, those that are down included. */
  readonly upstreamPorts: readonly number[]
  /** An empty folder of its own. */
  readonly folder: string
}
