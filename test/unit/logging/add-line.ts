import type { LineBuffer } from '../../../src/logging/line-buffer.ts'

/** Adds a line as whoever makes one does. @param spareBytes more room than it needs, which is asked for as well */
export function addLine(lines: LineBuffer, text: string, spareBytes = 0): void {
  const bytes = Buffer.from(`${text}\n`)
  const chunk = lines.begin(bytes.length + spareBytes)
  if (chunk !== undefined) lines.end(lines.at + bytes.copy(chunk, lines.at))
}
