// docs/reference/advice.md: what vigia check advises against, and why.

import { ADVICE } from '../../src/config/advice/codes.ts'
import { page } from './markdown.ts'

export function advicePage(): string {
  return page(`# Advice

\`vigia check\` says what is legal but unwise, and so does the log, at level info, when a configuration is taken up. It ends with its
code. With \`vigia check --strict\` advice is an error.

Where you know better, say so on the line that it names, or in a comment right above that line:

\`\`\`yaml
upstreams: # vigia: allow one-node
\`\`\`

| code | why |
| --- | --- |
${Object.entries(ADVICE)
  .map(([code, why]) => `| \`${code}\` | ${why} |`)
  .join('\n')}`)
}
