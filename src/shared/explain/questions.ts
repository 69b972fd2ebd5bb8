// What a worker can be asked, and what it answers. Types only.

import type { Refusal } from '../../util/refusal.ts'
import type { RequestQuestion, RequestStory } from './request-story.ts'
import type { RouteExplanation, RouteQuestion } from './route-explanation.ts'

export type Question = RequestQuestion | RouteQuestion

export type Reply =
  | { readonly kind: 'request'; readonly stories: readonly RequestStory[] }
  | { readonly kind: 'route'; readonly found: (RouteExplanation & { readonly ok: true }) | Refusal }
