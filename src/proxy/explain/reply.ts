// What a worker answers to what control asks for people. Reads only.

import type { Question, Reply } from '../../shared/explain/questions.ts'
import type { Stories } from '../exchange/story/stories.ts'
import type { ExplainContext } from './admission-check.ts'
import { explainRoute } from './explain-route.ts'

export function replyTo(context: ExplainContext & { readonly stories: Stories }, question: Question): Reply {
  switch (question.kind) {
    case 'request':
      return { kind: 'request', stories: context.stories.find(question.requestId) }
    case 'route':
      return { kind: 'route', found: explainRoute(context, question) }
  }
}
