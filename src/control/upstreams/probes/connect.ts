// The fresh connection of a probe.

import { connect as connectTcp, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { UpstreamPlan } from '../../../plan/pool.ts'
import type { ConnectTarget } from '../../../shared/upstream-addresses.ts'
import { upstreamTlsOptions } from '../../../tls/upstream-tls.ts'

/** Never throws: authorities that are no PEM make node:tls throw, and that, too, is a socket that fails. */
export function connectProbe({ port, tls }: UpstreamPlan, target: ConnectTarget): Socket {
  const options = { ...target, port }
  try {
    return tls === undefined ? connectTcp(options) : connectTls({ ...options, ...upstreamTlsOptions(tls) })
  } catch (error) {
    return new Socket().destroy(error as Error)
  }
}
