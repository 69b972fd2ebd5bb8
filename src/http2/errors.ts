// Why a connection ends, or a stream: the codes of RFC 9113 7, and vigia's own reasons with the code that each one has.

export const ERROR = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const

/** One of ERROR, or whatever else a peer sends: 32 bits. */
export type ErrorCode = number

interface FaultText {
  readonly code: ErrorCode
  readonly message: string
}

/** Why a connection is ended. Those that end in `-flood` are sound frames, but too many of them. */
export const CONNECTION_FAULTS = {
  'bad-preface': { code: ERROR.protocolError, message: 'The connection does not begin as HTTP/2.' },
  'frame-too-large': { code: ERROR.frameSizeError, message: 'A frame is larger than allowed.' },
  'bad-frame-size': { code: ERROR.frameSizeError, message: 'A frame has not the size that its type demands.' },
  'bad-stream-id': { code: ERROR.protocolError, message: 'A frame names a stream that it must not name.' },
  'bad-padding': { code: ERROR.protocolError, message: 'The padding of a frame is longer than the frame.' },
  'bad-continuation': { code: ERROR.protocolError, message: 'A header block is not continued as it must be.' },
  'unexpected-frame': { code: ERROR.protocolError, message: 'A client must not send a frame of this type.' },
  'bad-setting': { code: ERROR.protocolError, message: 'A setting has a value that it must not have.' },
  'bad-window-size': { code: ERROR.flowControlError, message: 'The initial window size is larger than allowed.' },
  'window-overflow': { code: ERROR.flowControlError, message: 'A window was made larger than allowed.' },
  'window-exceeded': { code: ERROR.flowControlError, message: 'More data came than the window has room for.' },
  'bad-increment': { code: ERROR.protocolError, message: 'A window was made larger by 0.' },
  'bad-header-block': { code: ERROR.compressionError, message: 'A header block can not be decoded.' },
  'stream-closed': { code: ERROR.streamClosed, message: 'A frame came on a stream that has ended.' },
  'header-block-too-large': { code: ERROR.enhanceYourCalm, message: 'A header block is far larger than allowed.' },
  'continuation-flood': { code: ERROR.enhanceYourCalm, message: 'A header block has too many frames.' },
  'reset-flood': { code: ERROR.enhanceYourCalm, message: 'Too many streams were reset or refused.' },
  'ping-flood': { code: ERROR.enhanceYourCalm, message: 'Too many PING frames.' },
  'settings-flood': { code: ERROR.enhanceYourCalm, message: 'Too many SETTINGS frames.' },
  'priority-flood': { code: ERROR.enhanceYourCalm, message: 'Too many PRIORITY and PRIORITY_UPDATE frames.' },
  'window-update-flood': { code: ERROR.enhanceYourCalm, message: 'Too many WINDOW_UPDATE frames.' },
  'empty-frame-flood': { code: ERROR.enhanceYourCalm, message: 'Too many frames without content.' },
  'unknown-frame-flood': { code: ERROR.enhanceYourCalm, message: 'Too many frames of unknown types.' },
  'closed-stream-flood': { code: ERROR.enhanceYourCalm, message: 'Too many frames on streams that have ended.' },
} as const satisfies Record<string, FaultText>

export type ConnectionFault = keyof typeof CONNECTION_FAULTS

/** All of them, in an order that does not change while the program runs: who counts them counts by index. */
export const CONNECTION_FAULT_CODES = Object.keys(CONNECTION_FAULTS) as readonly ConnectionFault[]
