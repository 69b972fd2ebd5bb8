// Where no other answer can be made. It may be in doubt: a client whose stream ends without any might send its request again.

import { encodeField, encodeStatus } from '../../../http2/hpack/encoder.ts'
import { statusOf } from '../../answers/codes.ts'
import { LAST_WORD_TEXT } from '../response-writer.ts'

export const LAST_WORD = Buffer.from(LAST_WORD_TEXT)

/** Its header block. */
export const LAST_WORD_BLOCK =
  encodeStatus(statusOf('in-doubt')) +
  encodeField('content-type', 'text/plain') +
  encodeField('cache-control', 'no-store') +
  encodeField('content-length', String(LAST_WORD.length))
