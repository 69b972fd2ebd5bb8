// The lines of one request in an access log, rotated files included; the newest file is looked through first.

import { type LogEntry, parseEntry } from './entry.ts'
import { linesOf, logFiles, openLog } from './log-files.ts'

/** Those of the newest file that has any; empty = none has. Rejects where a file can't be read. */
export async function findRequest(path: string, requestId: string): Promise<LogEntry[]> {
  const needle = `"requestId":${JSON.stringify(requestId)}`
  for (const file of (await logFiles(path)).reverse()) {
    const found: LogEntry[] = []
    for await (const lines of linesOf(openLog(file.path)))
      for (const line of lines) {
        const entry = line.includes(needle) ? parseEntry(line) : undefined
        if (entry?.requestId === requestId) found.push(entry)
      }
    if (found.length > 0) return found
  }
  return []
}
