// Frames for which a connection has to end, whatever was before on it but a POST on stream 1 whose body is still to come.

import type { ConnectionFault } from '../../../src/http2/errors.ts'
import { BlockEncoder, type Field } from './block-encoder.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PRIORITY,
  PRIORITY_UPDATE,
  PUSH_PROMISE,
  RST_STREAM,
  reset,
  SETTINGS,
  settings,
  WINDOW_UPDATE,
  WITH_PRIORITY,
  windowUpdate,
} from './frames.ts'

const PSEUDO: readonly Field[] = [
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'erp.example'],
]
/** Blocks that mean the same whatever was before. */
export const GET = new BlockEncoder().block([[':method', 'GET'], ...PSEUDO], 'plain')
export const POST = new BlockEncoder().block([[':method', 'POST'], ...PSEUDO], 'plain')
const get = (stream: number): Buffer => frame(HEADERS, END_HEADERS | END_STREAM, stream, GET)
const long = (type: number, flags: number, stream: number): Buffer => frame(type, flags, stream, Buffer.alloc(16_385))

/** Codes of RFC 9113 7. */
const PROTOCOL_ERROR = 1
const FLOW_CONTROL_ERROR = 3
const STREAM_CLOSED = 5
const FRAME_SIZE_ERROR = 6
const COMPRESSION_ERROR = 9
const ENHANCE_YOUR_CALM = 11

export const MALFORMED: readonly (readonly [why: string, bytes: Buffer, fault: ConnectionFault, code: number])[] = [
  ['a frame that is too large', long(DATA, 0, 1), 'frame-too-large', FRAME_SIZE_ERROR],
  ['an unknown frame that is too large', long(0xee, 0, 1), 'frame-too-large', FRAME_SIZE_ERROR],
  ['DATA on no stream', data(0, 'a'), 'bad-stream-id', PROTOCOL_ERROR],
  ['DATA on an idle stream', data(5, 'a'), 'bad-stream-id', PROTOCOL_ERROR],
  ['DATA with too much padding', data(1, '\x05abcd', PADDED), 'bad-padding', PROTOCOL_ERROR],
  ['DATA padded but empty', data(1, '', PADDED), 'bad-frame-size', FRAME_SIZE_ERROR],
  ['HEADERS on no stream', get(0), 'bad-stream-id', PROTOCOL_ERROR],
  ['HEADERS on a stream of the server', get(2), 'bad-stream-id', PROTOCOL_ERROR],
  [
    'HEADERS with too much padding',
    frame(HEADERS, END_HEADERS | PADDED, 3, Buffer.from([9, 0x82])),
    'bad-padding',
    PROTOCOL_ERROR,
  ],
  [
    'HEADERS too short for a priority',
    frame(HEADERS, END_HEADERS | WITH_PRIORITY, 3, Buffer.alloc(4)),
    'bad-frame-size',
    FRAME_SIZE_ERROR,
  ],
  [
    'HEADERS whose padding leaves none for a priority',
    frame(HEADERS, END_HEADERS | PADDED | WITH_PRIORITY, 3, Buffer.from([4, 0, 0, 0, 0, 0])),
    'bad-padding',
    PROTOCOL_ERROR,
  ],
  [
    'a header block that can not be decoded',
    frame(HEADERS, END_HEADERS, 3, Buffer.from([0x80])),
    'bad-header-block',
    COMPRESSION_ERROR,
  ],
  [
    'trailers that can not be decoded',
    frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.from([0xff])),
    'bad-header-block',
    COMPRESSION_ERROR,
  ],
  ['CONTINUATION of nothing', frame(CONTINUATION, END_HEADERS, 1, GET), 'bad-continuation', PROTOCOL_ERROR],
  [
    'a block that another frame interrupts',
    Buffer.concat([frame(HEADERS, 0, 3, GET), data(1, 'a')]),
    'bad-continuation',
    PROTOCOL_ERROR,
  ],
  [
    'a block that is continued on another stream',
    Buffer.concat([frame(HEADERS, 0, 3, GET), frame(CONTINUATION, END_HEADERS, 5)]),
    'bad-continuation',
    PROTOCOL_ERROR,
  ],
  [
    'a block that an unknown frame interrupts',
    Buffer.concat([frame(HEADERS, 0, 3, GET), frame(0xee, 0, 3)]),
    'bad-continuation',
    PROTOCOL_ERROR,
  ],
  ['PRIORITY on no stream', frame(PRIORITY, 0, 0, Buffer.alloc(5)), 'bad-stream-id', PROTOCOL_ERROR],
  ['PRIORITY of another size', frame(PRIORITY, 0, 1, Buffer.alloc(4)), 'bad-frame-size', FRAME_SIZE_ERROR],
  ['PRIORITY_UPDATE on a stream', frame(PRIORITY_UPDATE, 0, 1, Buffer.alloc(5)), 'bad-stream-id', PROTOCOL_ERROR],
  ['PRIORITY_UPDATE of no stream', frame(PRIORITY_UPDATE, 0, 0, Buffer.alloc(4)), 'bad-stream-id', PROTOCOL_ERROR],
  [
    'PRIORITY_UPDATE that is too short',
    frame(PRIORITY_UPDATE, 0, 0, Buffer.alloc(3)),
    'bad-frame-size',
    FRAME_SIZE_ERROR,
  ],
  ['RST_STREAM on no stream', reset(0, 8), 'bad-stream-id', PROTOCOL_ERROR],
  ['RST_STREAM on an idle stream', reset(5, 8), 'bad-stream-id', PROTOCOL_ERROR],
  ['RST_STREAM of another size', frame(RST_STREAM, 0, 1, Buffer.alloc(5)), 'bad-frame-size', FRAME_SIZE_ERROR],
  ['SETTINGS on a stream', frame(SETTINGS, 0, 1), 'bad-stream-id', PROTOCOL_ERROR],
  ['SETTINGS of another size', frame(SETTINGS, 0, 0, Buffer.alloc(5)), 'bad-frame-size', FRAME_SIZE_ERROR],
  [
    'an acknowledgement of SETTINGS with content',
    frame(SETTINGS, ACK, 0, Buffer.alloc(6)),
    'bad-frame-size',
    FRAME_SIZE_ERROR,
  ],
  ['ENABLE_PUSH of 2', settings([2, 2]), 'bad-setting', PROTOCOL_ERROR],
  ['MAX_FRAME_SIZE that is too small', settings([5, 16_383]), 'bad-setting', PROTOCOL_ERROR],
  ['MAX_FRAME_SIZE that is too large', settings([5, 16_777_216]), 'bad-setting', PROTOCOL_ERROR],
  ['ENABLE_CONNECT_PROTOCOL of 2', settings([8, 2]), 'bad-setting', PROTOCOL_ERROR],
  ['NO_RFC7540_PRIORITIES of 2', settings([9, 2]), 'bad-setting', PROTOCOL_ERROR],
  ['INITIAL_WINDOW_SIZE that is too large', settings([4, 0x8000_0000]), 'bad-window-size', FLOW_CONTROL_ERROR],
  [
    'INITIAL_WINDOW_SIZE that makes a window too large',
    Buffer.concat([windowUpdate(1, 10), settings([4, 0x7fff_ffff])]),
    'window-overflow',
    FLOW_CONTROL_ERROR,
  ],
  ['PUSH_PROMISE', frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.alloc(4)), 'unexpected-frame', PROTOCOL_ERROR],
  ['PING on a stream', frame(PING, 0, 1, Buffer.alloc(8)), 'bad-stream-id', PROTOCOL_ERROR],
  ['PING of another size', frame(PING, 0, 0, Buffer.alloc(7)), 'bad-frame-size', FRAME_SIZE_ERROR],
  ['GOAWAY on a stream', frame(GOAWAY, 0, 1, Buffer.alloc(8)), 'bad-stream-id', PROTOCOL_ERROR],
  ['GOAWAY that is too short', frame(GOAWAY, 0, 0, Buffer.alloc(7)), 'bad-frame-size', FRAME_SIZE_ERROR],
  ['an increment of 0', windowUpdate(0, 0), 'bad-increment', PROTOCOL_ERROR],
  ['a window that is too large', windowUpdate(0, 0x7fff_ffff), 'window-overflow', FLOW_CONTROL_ERROR],
  ['WINDOW_UPDATE on an idle stream', windowUpdate(5, 1), 'bad-stream-id', PROTOCOL_ERROR],
  ['WINDOW_UPDATE of another size', frame(WINDOW_UPDATE, 0, 1, Buffer.alloc(3)), 'bad-frame-size', FRAME_SIZE_ERROR],
  ['HEADERS on a stream that was passed over', Buffer.concat([get(7), get(5)]), 'stream-closed', STREAM_CLOSED],
  [
    'DATA on a stream that the client reset',
    Buffer.concat([reset(1, 8), data(1, 'a')]),
    'stream-closed',
    STREAM_CLOSED,
  ],
  [
    'a block that is far too large',
    Buffer.concat([
      frame(HEADERS, 0, 3, Buffer.alloc(16_384)),
      ...Array.from({ length: 8 }, () => frame(CONTINUATION, 0, 3, Buffer.alloc(16_384))),
    ]),
    'header-block-too-large',
    ENHANCE_YOUR_CALM,
  ],
  [
    'a block of too many frames',
    Buffer.concat([
      frame(HEADERS, 0, 3),
      ...Array.from({ length: 64 }, () => frame(CONTINUATION, 0, 3, Buffer.from([0]))),
    ]),
    'continuation-flood',
    ENHANCE_YOUR_CALM,
  ],
]
