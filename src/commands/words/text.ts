// Text of others, made safe for a terminal.

/** What an upstream sent may be part of a reason: it must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}
