// What frames are made of: types, flags, settings and sizes (RFC 9113 4 and 6, RFC 9218 7.1, RFC 8441 3).

export const FRAME = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
  priorityUpdate: 0x10,
} as const

export const FLAG = {
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const

export const SETTING = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
  noRfc7540Priorities: 0x9,
} as const

/** Bytes before the payload of each frame. */
export const FRAME_HEAD = 9
/** Bytes of the payload of SETTINGS for each setting. */
export const SETTING_BYTES = 6
export const PING_BYTES = 8
/** Largest payload that everybody takes, and that vigia takes. */
export const FRAME_BYTES = 16_384
/** Largest payload that a peer may say it takes. */
export const MOST_FRAME_BYTES = 16_777_215
/** Both windows before anybody says otherwise. */
export const FIRST_WINDOW = 65_535
export const MOST_WINDOW = 2_147_483_647
export const MOST_STREAM_ID = 2_147_483_647
/** What a client sends first (RFC 9113 3.4). */
export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
