// Who is told in words of what happens: the log, and the feed of GET /events. What they read is in words.ts.

import type { Logger } from '../../logging/logger.ts'
import type { Tell } from './event.ts'
import type { Feed } from './feed.ts'
import { wordsOf } from './words.ts'

export function logging(logger: Logger): Tell {
  return event => {
    for (const { level, fields = {}, text } of wordsOf(event).lines ?? []) logger[level](fields, text)
  }
}

export function feeding(feed: Feed): Tell {
  return event => {
    for (const entry of wordsOf(event).entries ?? []) feed.add(entry)
  }
}
