// The TCP probe: healthy when a connection (and its TLS handshake, for an https upstream) is established. Sends nothing.

import type { HealthPlan } from '../../../plan/health.ts'
import { connectProbe } from './connect.ts'
import { describeProbeError, isVoidProbe, type ProbeResult, type RunProbe } from './probe.ts'

type TcpPlan = HealthPlan & { kind: 'tcp' }

export const probeTcp: RunProbe<TcpPlan> = (plan, upstream, target, signal) =>
  new Promise<ProbeResult>(resolve => {
    const started = performance.now()
    const socket = connectProbe(upstream, target)
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(plan.timeoutMs)])
    const end = (error: unknown) => {
      deadline.removeEventListener('abort', onAbort)
      socket.destroy()
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
    socket.once(upstream.tls === undefined ? 'connect' : 'secureConnect', () => end(undefined))
    socket.on('error', end)
    socket.once('close', () => end(new Error('connection closed during the TLS handshake')))
  })
