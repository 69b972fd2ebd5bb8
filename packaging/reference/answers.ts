// docs/reference/answers.md: what vigia answers itself, to clients and on the admin listener, and how requests end.

import { TITLES } from '../../src/admin/answers/problem.ts'
import { ENDS, endWords } from '../../src/commands/words/explain/request-words.ts'
import { FAULT_CODES, FAULTS } from '../../src/http/faults.ts'
import { isBusy, isOwn, type OwnCode, statusOf } from '../../src/proxy/answers/codes.ts'
import { EN } from '../../src/proxy/answers/pages/en.ts'
import { type RefusalCode, STATUS_OF } from '../../src/util/refusal.ts'
import { commentOf, commentsOf } from './comments.ts'
import { code, line, page, table } from './markdown.ts'

const INTRODUCTION = `The code stands in the JSON of an answer (\`code\`), in the access log (\`end\`), and \`vigia why REQUEST-ID\` says
what was behind it. What users see of it: [what-users-see.md](../what-users-see.md).`

export function answersPage(): string {
  const own = Object.keys(EN.phrases) as OwnCode[]
  return page(
    '# Error codes',
    INTRODUCTION,
    "## Answers of vigia's own",
    'With \\* the answer has `Retry-After`, as its pool says ([`pools.*.retryAfter`](configuration.md#poolsretryafter)); with 429 and in a window vigia works it out.',
    table(
      ['code', 'status', 'what clients are told', 'what it means'],
      own.map(each => [
        code(each),
        `${statusOf(each)}${isBusy(each) ? '\\*' : ''}`,
        line(EN.messages[each]),
        line(endWords(each)),
      ]),
    ),
    '## Requests that are refused',
    'They are malformed, too large, too late or not permitted, and reach no upstream. An upstream whose answer has such a fault is answered for with `bad-upstream-response`.',
    table(
      ['code', 'status', 'what is wrong'],
      FAULT_CODES.map(each => [code(each), String(FAULTS[each].status), line(FAULTS[each].message)]),
    ),
    '## Other ends of a request',
    'In the access log (`end`) there are these, too.',
    table(
      ['end', 'what it means'],
      ENDS.filter(end => !isOwn(end as OwnCode) && !(end in FAULTS)).map(end => [code(end), line(endWords(end))]),
    ),
    '## Problems of the admin API',
    'Every error of the admin API is `application/problem+json` (RFC 9457) of type `about:blank`; `detail` says in one line what is wrong and what to do. The command line prints it and exits with 1.',
    table(
      ['status', 'title'],
      Object.entries(TITLES).map(([status, title]) => [status, title]),
    ),
    '## Orders that are refused',
    refusals(),
  )
}

function refusals(): string {
  const said = commentsOf('util/refusal.ts', 'RefusalCode')
  return table(
    ['reason', 'status', 'what it means'],
    (Object.keys(STATUS_OF) as RefusalCode[]).map(each => [
      code(each),
      String(STATUS_OF[each]),
      line(commentOf(said, each)),
    ]),
  )
}
