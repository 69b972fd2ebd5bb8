// What ACME needs after a restart, as changes of the store: a secret, and an audit row that has nothing of it.

import type { Change } from '../../store/contract.ts'
import { iso } from '../../util/words.ts'
import { rowOf, type ToKeep } from '../certificates/acme/kept.ts'

export function acmeChange(what: ToKeep): Change {
  return {
    audit: [{ actor: 'vigia', source: 'automatic', ...auditOf(what) }],
    secrets: [rowOf(what)],
  }
}

function auditOf(what: ToKeep) {
  switch (what.kind) {
    case 'account': {
      const { directory, url, email } = what.account
      const reason = url === undefined ? 'a key was made for an account' : 'the CA has taken the account'
      return { action: 'certificate.account', subject: directory, reason, after: { url, email } }
    }
    case 'issued': {
      const { name, directory, facts } = what.certificate
      const { names, issuer, fingerprint, untilMs } = facts
      return {
        action: 'certificate.issue',
        subject: name,
        reason: `issued by ${directory}`,
        after: { names, issuer, fingerprint, until: iso(untilMs) },
      }
    }
  }
}
