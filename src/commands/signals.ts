// What signals mean to a running vigia: the first SIGTERM or SIGINT asks it to stop, a second ends the process at once,
// SIGHUP asks it to read its configuration again, SIGUSR1 to open its log files again.

import { EXIT } from './words/exit-codes.ts'

export type StopSignal = 'SIGTERM' | 'SIGINT'

export interface Signals {
  /** Resolves with the first signal that asks to stop. */
  readonly stop: Promise<StopSignal>
  /** Gives the signals back their default meaning. */
  release(): void
}

export interface SignalOptions {
  readonly onReload: () => void
  /** A log rotation has moved the files away. Undefined: the signal keeps its meaning for Node.js, which is a debugger. */
  readonly onReopen?: () => void
  /** The process ends right after this. */
  readonly onSecondSignal: (signal: StopSignal) => void
}

/** One Ctrl-C under npm arrives twice, from the terminal and from npm: within this time it counts as one. */
const SAME_KEYSTROKE_MS = 250

export function awaitSignals({ onReload, onReopen, onSecondSignal }: SignalOptions): Signals {
  const { promise: stop, resolve } = Promise.withResolvers<StopSignal>()
  let firstMs: number | undefined
  const onStop = (signal: StopSignal) => {
    const nowMs = performance.now()
    if (firstMs === undefined) {
      firstMs = nowMs
      resolve(signal)
    } else if (nowMs - firstMs > SAME_KEYSTROKE_MS) {
      onSecondSignal(signal)
      process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated)
    }
  }
  process.on('SIGTERM', onStop)
  process.on('SIGINT', onStop)
  process.on('SIGHUP', onReload)
  if (onReopen !== undefined) process.on('SIGUSR1', onReopen)
  return {
    stop,
    release: () => {
      process.off('SIGTERM', onStop)
      process.off('SIGINT', onStop)
      process.off('SIGHUP', onReload)
      if (onReopen !== undefined) process.off('SIGUSR1', onReopen)
    },
  }
}
