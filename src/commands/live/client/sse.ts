// Reads a stream of server-sent events (HTML, 9.2.6). Text in, events out; no connection.

export interface StreamedEvent {
  readonly type: string
  /** '' = it has none. */
  readonly id: string
  readonly data: string
}

/** @returns a function that takes the stream piece by piece */
export function parseEventStream(onEvent: (event: StreamedEvent) => void): (text: string) => void {
  let rest = ''
  let type = ''
  let id = ''
  let data: string[] = []
  const take = (line: string) => {
    if (line === '') {
      if (data.length > 0) onEvent({ type: type === '' ? 'message' : type, id, data: data.join('\n') })
      type = ''
      data = []
      return
    }
    // A comment begins with the colon.
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') type = value
    else if (field === 'data') data.push(value)
    else if (field === 'id') id = value
  }
  return text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) take(line.endsWith('\r') ? line.slice(0, -1) : line)
  }
}
