// What is said of held requests and of paused integrations. Pure.

import { formatAge, iso } from '../../util/words.ts'
import type { HoldingEvent } from '../held/held-event.ts'
import type { PauseEvent } from '../held/pause-event.ts'
import { tallyWords } from '../held/tally.ts'
import type { LogLine, Words } from './said.ts'

export function heldWords(event: HoldingEvent): Words {
  const { level, text, by, detail } = heldSentence(event)
  return {
    lines: [{ level, fields: detail, text: `held: ${text}` }],
    entries: [{ type: 'held', atMs: event.atMs, text, by, detail: { phase: event.phase, level, ...detail } }],
  }
}

interface Sentence {
  readonly level: LogLine['level']
  readonly text: string
  readonly by?: string
  readonly detail: Readonly<Record<string, unknown>>
}

function heldSentence(event: HoldingEvent): Sentence {
  switch (event.phase) {
    case 'began': {
      const { route, why } = event
      return { level: 'warn', text: `requests of ${route} are held: ${why}`, detail: { route } }
    }
    case 'emptied': {
      const { route, sinceMs, untilMs, tally } = event
      const forWords = formatAge(untilMs - sinceMs)
      const text = `no request of ${route} waits any more, after ${forWords}${tally === undefined ? '' : `: ${tallyWords(tally)}`}`
      return { level: 'info', text, detail: { route, since: iso(sinceMs), durationMs: untilMs - sinceMs, ...tally } }
    }
    case 'dead':
    case 'in-doubt': {
      const { id, route, method, path, attempts, note, requestId } = event.row
      const what =
        event.phase === 'dead' ? 'could not be delivered' : 'may or may not have been carried out, somebody has to look'
      const text = `${method} ${path} of ${route} ${what}: ${note} (vigia held show ${id})`
      return { level: 'error', text, detail: { route, id, requestId, method, path, attempts } }
    }
    case 'more': {
      const { route, dead, inDoubt } = event
      const parts = [dead > 0 && `${dead} more could not be delivered`, inDoubt > 0 && `${inDoubt} more are in doubt`]
      const text = `of ${route} ${parts.filter(part => part !== false).join(', ')} (vigia held list --route ${route})`
      return { level: 'error', text, detail: { route, dead, inDoubt } }
    }
    case 'ordered':
      return orderedSentence(event)
    case 'degraded': {
      const { reason } = event
      return { level: 'error', text: `nothing new is held: ${reason}; traffic goes on`, detail: { reason } }
    }
    case 'healed':
      return { level: 'info', text: 'requests are held again', detail: {} }
    case 'not-called': {
      const { row, host, tries, why } = event
      const text = `the sender of ${row.id} (${row.route}) was not told at ${host} that it is ${row.state}, after ${tries} tries: ${why}`
      return { level: 'warn', text, detail: { route: row.route, id: row.id, host, tries } }
    }
  }
}

function orderedSentence(event: Extract<HoldingEvent, { phase: 'ordered' }>): Sentence {
  const { order, by, reason, done } = event
  const verb = { retry: 'to be sent again', drop: 'dropped', settle: 'settled' }[order.type]
  const ids = order.type === 'settle' ? [order.id] : order.ids
  const which = ids.length === 1 ? ids[0] : `${done.done.length} held requests`
  const left = done.left.length === 0 ? '' : `; ${done.left.length} were left: ${done.left[0]!.why}`
  const text = `${which} ${verb} by ${by}${reason === '' ? '' : `: ${reason}`}${left}`
  return {
    level: 'info',
    text,
    by,
    detail: { order: order.type, done: done.done.length, left: done.left.length, reason },
  }
}

export function pauseWords(event: PauseEvent): Words {
  if (event.phase === 'restored' || event.phase === 'moved') return {}
  const { atMs, phase, pause } = event
  const { route } = pause
  if (phase === 'begins') {
    const { by, reason, untilMs } = pause
    const until = untilMs === undefined ? 'until somebody resumes it' : `until ${iso(untilMs)}`
    const text = `integration ${route} is paused by ${by} ${until}: ${reason}`
    const detail = { phase, route, until: untilMs === undefined ? null : iso(untilMs), reason }
    return {
      lines: [{ level: 'warn', fields: { route, by }, text }],
      entries: [{ type: 'pause', atMs, text, by, detail }],
    }
  }
  const { by, reason, tally } = event
  const who = by === undefined ? reason : `by ${by}${reason === '' ? '' : `: ${reason}`}`
  const meanwhile = tally === undefined ? '' : `; meanwhile ${tallyWords(tally)}`
  const text = `integration ${route} is no longer paused, ${who}${meanwhile}`
  return {
    lines: [{ level: 'info', fields: { route, by }, text }],
    entries: [{ type: 'pause', atMs, text, by, detail: { phase, route, since: iso(pause.sinceMs), reason, ...tally } }],
  }
}
