// The TCP probe: healthy when a connection (and its TLS handshake, for an https upstream) is established. Sends nothing but the PROXY header
// that the pool may want.

import type { Socket } from 'node:net'
import type { HealthPlan } from '../../../plan/health.ts'
import { connectBehindHeader, connectProbe } from './connect.ts'
import { describeProbeError, isVoidProbe, type ProbeResult, type RunProbe } from './probe.ts'

type TcpPlan = HealthPlan & { kind: 'tcp' }

export const probeTcp: RunProbe<TcpPlan> = (plan, place, signal) =>
  new Promise<ProbeResult>(resolve => {
    const started = performance.now()
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(plan.timeoutMs)])
    const { proxyProtocol, upstream } = place
    let socket: Socket | undefined
    const end = (error: unknown) => {
      deadline.removeEventListener('abort', onAbort)
      socket?.destroy()
      const durationMs = performance.now() - started
      resolve({
        ok: error === undefined,
        durationMs,
        status: undefined,
        isVoid: isVoidProbe(error, plan.timeoutMs, durationMs),
        error: error === undefined ? undefined : describeProbeError(error, plan.timeoutMs),
      })
    }
    const onAbort = () => end(deadline.reason)
    deadline.addEventListener('abort', onAbort)
    const watch = (connecting: Socket) => {
      socket = connecting
      socket.once(upstream.tls === undefined ? 'connect' : 'secureConnect', () => end(undefined))
      socket.on('error', end)
      socket.once('close', () => end(new Error('connection closed during the TLS handshake')))
    }
    if (proxyProtocol === undefined) return watch(connectProbe(place))
    connectBehindHeader(place, proxyProtocol, deadline).then(connected => {
      watch(connected)
      if (upstream.tls !== undefined) return
      connected.uncork()
      end(undefined)
    }, end)
  })
