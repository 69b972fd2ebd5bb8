// What held requests need: keys that can be read. The modes of their files and the room on their disk are looked at with the others.

import { readKeyring } from '../../held/file/keyring.ts'
import type { HeldStorePlan } from '../../plan/hold.ts'
import { type Finding, found, ok } from './finding.ts'

const CHECK = 'held requests'

/** The file itself is not opened: another user's look would leave files beside it that vigia can't write. */
export function heldFindings({ path, keyFiles }: HeldStorePlan): Finding[] {
  if (keyFiles.length === 0) {
    const what = `held requests: ${path} is not encrypted`
    return [found('note', CHECK, what, 'held.keyFiles encrypts it: openssl rand -out held.key 32')]
  }
  try {
    readKeyring(keyFiles)
    return [ok(CHECK, `held requests: ${path} is encrypted, and each of its keys is there (${keyFiles.length})`)]
  } catch (error) {
    const advice =
      'without it nothing is held, and what is held already does not go out: put back the key that encrypted it'
    return [found('error', CHECK, `held requests: ${(error as Error).message}`, advice)]
  }
}
