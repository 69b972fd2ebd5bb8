// What becomes of an order once it was looked at: it is refused, or it does this. Types only.

import type { Refusal } from '../../util/refusal.ts'
import type { OrderEffect } from '../events/order-event.ts'

export type Decision = Refusal | readonly OrderEffect[]
