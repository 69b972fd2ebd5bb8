// The frame of vigia's own pages, and the page of an error. Plain HTML that needs nothing else: no scripts, images or fonts, light and
// dark as the reader's system is. Says nothing of upstreams' addresses, configuration or exceptions.

import type { Language } from '../../../plan/snapshot.ts'
import { WORDS } from './languages.ts'

export interface Page {
  readonly language: Language
  /** Plain text. */
  readonly heading: string
  /** HTML. */
  readonly content: string
  readonly requestId: string
  /** After how many seconds it loads itself again; undefined = never. */
  readonly refreshS: number | undefined
}

export function pageText({ language, heading, content, requestId, refreshS }: Page): string {
  const refresh = refreshS === undefined ? '' : `<meta http-equiv="refresh" content="${refreshS}">\n`
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh}<title>${escapeHtml(heading)}</title>
<style>${STYLE}</style>
<main>
<h1>${escapeHtml(heading)}</h1>
${content}
<p><small>${WORDS[language].request} ${escapeHtml(requestId)}</small></p>
</main>
</html>
`
}

/** @param detail what there is to say in English only; undefined = nothing */
export function errorPage(
  language: Language,
  status: number,
  {
    title,
    message,
    detail,
  }: { readonly title: string; readonly message: string; readonly detail?: string | undefined },
  requestId: string,
): string {
  const inEnglish = detail === undefined ? '' : `\n<p lang="en">${escapeHtml(detail)}</p>`
  const content = `<p>${escapeHtml(message)}</p>${inEnglish}`
  return pageText({ language, heading: `${status} ${title}`, content, requestId, refreshS: undefined })
}

/** For text and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color:#222;background:#fff;overflow-wrap:break-word}
h1{font-size:1.4rem;line-height:1.3}dt,small{color:#595959}dd{margin:0 0 .75rem;font-weight:600}dd span{font-weight:400}.reason{white-space:pre-line}
@media(max-height:40rem){body{margin:2rem auto}}
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#17191c}dt,small{color:#a9adb3}}`
