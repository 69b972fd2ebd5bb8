// What a worker answers to what control asks for people. Reads only, and whatever goes wrong here is nobody else's trouble.

import type { Question, Reply } from '../../shared/explain/questions.ts'
import { refuse } from '../../util/refusal.ts'
import type { Stories } from '../exchange/story/stories.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { ExplainContext } from './admission-check.ts'
import { explainRoute } from './explain-route.ts'

/** Never throws. */
export function replyTo(
  context: ExplainContext & Pick<Runtime, 'report'> & { readonly stories: Stories },
  question: Question,
): Reply {
  if (question.kind === 'request') return { kind: 'request', stories: context.stories.find(question.requestId) }
  try {
    return { kind: 'route', found: explainRoute(context, question) }
  } catch (error) {
    const detail = { stack: error instanceof Error ? error.stack : String(error) }
    context.report({ type: 'log', level: 'error', message: 'what would happen to a request can not be said', detail })
    return { kind: 'route', found: refuse('unavailable', 'vigia could not say it', 'its log says why') }
  }
}
