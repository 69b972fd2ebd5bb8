// A value, or a key, as a configuration has it on one line.

import { stringify } from 'yaml'

export function inFlow(value: unknown): string {
  // In brackets nothing is broken into lines.
  return stringify([value], { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim().slice(1, -1)
}
