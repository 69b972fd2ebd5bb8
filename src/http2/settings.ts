// The settings of both sides (RFC 9113 6.5, RFC 8441 3, RFC 9218 2.1).

import type { ConnectionFault } from './errors.ts'
import { FRAME_BYTES, MOST_FRAME_BYTES, MOST_WINDOW, SETTING } from './frames.ts'
import type { SessionLimits } from './session-events.ts'

/** What a server says. The table for header blocks and the largest frame stay as they are. */
export function serverSettings({
  streams,
  streamWindow,
}: SessionLimits): (readonly [setting: number, value: number])[] {
  return [
    [SETTING.maxConcurrentStreams, streams],
    [SETTING.initialWindowSize, streamWindow],
    [SETTING.enableConnectProtocol, 1],
    [SETTING.noRfc7540Priorities, 1],
  ]
}

/** What is wrong with a setting of the client's; undefined = nothing. Those that nobody knows are ignored. */
export function settingFault(setting: number, value: number): ConnectionFault | undefined {
  switch (setting) {
    case SETTING.enablePush:
    case SETTING.enableConnectProtocol:
    case SETTING.noRfc7540Priorities:
      return value > 1 ? 'bad-setting' : undefined
    case SETTING.initialWindowSize:
      return value > MOST_WINDOW ? 'bad-window-size' : undefined
    case SETTING.maxFrameSize:
      return value < FRAME_BYTES || value > MOST_FRAME_BYTES ? 'bad-setting' : undefined
    default:
      return undefined
  }
}
