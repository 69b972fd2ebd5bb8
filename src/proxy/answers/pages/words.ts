// Which words vigia's own pages need: a language that lacks one does not compile.

import type { FaultCode } from '../../../http/faults.ts'
import type { AnsweredStatus, OwnCode } from '../codes.ts'

/** Faults that a person with a browser can meet; what the others say is for programmers, in English. */
export type EverydayFault = FaultCode &
  (
    | 'bad-target'
    | 'body-too-large'
    | 'body-timeout'
    | 'head-too-large'
    | 'head-timeout'
    | 'target-too-long'
    | 'too-many-fields'
  )

/** Plain text: none of it is HTML. */
export interface Words {
  /** Before the id of a request. */
  readonly request: string
  /** Before the English sentence about a fault that is not an everyday one. */
  readonly malformed: string
  readonly titles: Readonly<Record<AnsweredStatus, string>>
  readonly messages: Readonly<Record<OwnCode | EverydayFault, string>>
  /** A few words that stand alone, for clients that show no more: reason-phrase.ts. Faults have their title. */
  readonly phrases: Readonly<Record<OwnCode, string>>
  readonly maintenance: MaintenanceWords
  readonly doubt: DoubtWords
  /** Label, before whom to call. */
  readonly help: string
}

/** What the page of a request in doubt says: what its reader should do, then why. */
export interface DoubtWords {
  readonly title: string
  readonly look: string
  readonly afterwards: string
}

/** What a maintenance window says, beside `messages.maintenance`. */
export interface MaintenanceWords {
  readonly title: string
  /** Labels. */
  readonly reason: string
  readonly until: string
  /** A phrase, before the time of day of the end, and before its day where that is not today or tomorrow. */
  readonly untilTime: string
  readonly onDay: string
  /** In the place of the end. */
  readonly untilUnknown: string
  readonly nothingLost: string
  /** To who sent something. */
  readonly notCarriedOut: string
  /** This page asks again. */
  readonly again: string
}
