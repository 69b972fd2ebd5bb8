// The frame of vigia's own pages, and the page of an error. Plain HTML that needs nothing else: no scripts or fonts, no image but
// what its operator gave it, light and dark as the reader's system is. Says nothing of upstreams' addresses, configuration or exceptions.

import { createHash } from 'node:crypto'
import type { Language, PagesPlan } from '../../../plan/pages.ts'
import { escapeHtml } from './escape-html.ts'
import { WORDS } from './languages.ts'
import { logoOf, ownWords } from './own-words.ts'

export interface Page {
  readonly language: Language
  /** Plain text. */
  readonly heading: string
  /** HTML. */
  readonly content: string
  readonly requestId: string
  /** In front of the id, for who is called about it; undefined = nothing. */
  readonly status?: string | undefined
  /** What its operator adds. */
  readonly pages?: PagesPlan | undefined
  /** After how many seconds it loads itself again; undefined = never. */
  readonly refreshS: number | undefined
}

export function pageText({ language, heading, content, requestId, status, pages, refreshS }: Page): string {
  const refresh = refreshS === undefined ? '' : `<meta http-equiv="refresh" content="${refreshS}">\n`
  const said = status === undefined ? '' : `${escapeHtml(status)} · `
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh}<title>${escapeHtml(heading)}</title>
<style>${STYLE}</style>
<main>
${logoOf(pages)}<h1>${escapeHtml(heading)}</h1>
${content}
${ownWords(pages, language)}<p><small>${said}${WORDS[language].request} ${escapeHtml(requestId)}</small></p>
</main>
</html>
`
}

/** What a page of an error says. */
export interface ErrorWords {
  readonly status: number
  /** Of the status. */
  readonly title: string
  readonly message: string
  /** What there is to say in English only. */
  readonly detail?: string | undefined
}

export function errorPage(
  language: Language,
  { status, title, message, detail }: ErrorWords,
  requestId: string,
  pages?: PagesPlan,
): string {
  const inEnglish = detail === undefined ? '' : `\n<p lang="en">${escapeHtml(detail)}</p>`
  const content = `<p>${escapeHtml(message)}</p>${inEnglish}`
  return pageText({ language, heading: `${status} ${title}`, content, requestId, pages, refreshS: undefined })
}

/** Of a request in doubt: first what its reader should do. */
export function doubtPage(
  language: Language,
  { status, title, message }: ErrorWords,
  requestId: string,
  pages?: PagesPlan,
): string {
  const { doubt } = WORDS[language]
  const content = [message, doubt.look, doubt.afterwards].map(text => `<p>${escapeHtml(text)}</p>`).join('\n')
  const page = { language, heading: doubt.title, content, requestId, status: `${status} ${title}`, pages }
  return pageText({ ...page, refreshS: undefined })
}

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color:#222;background:#fff;overflow-wrap:break-word}
h1{font-size:1.4rem;line-height:1.3}dt,small{color:#595959}dd{margin:0 0 .75rem;font-weight:600}dd span{font-weight:400}.reason,.own{white-space:pre-line}
img{max-width:100%;max-height:4rem}a{color:inherit}a[href^=tel]{white-space:nowrap}
@media(max-height:40rem){body{margin:2rem auto}}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#17191c}dt,small{color:#a9adb3}}`

/** What a browser may load for a page: its style, and the image in it (Content Security Policy Level 3). */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'`
