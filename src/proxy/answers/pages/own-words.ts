// What who runs vigia adds to its pages: logo, words and whom to call. All of it is text that people wrote, and is escaped.

import type { Language, PagesPlan } from '../../../plan/pages.ts'
import { escapeHtml } from './escape-html.ts'
import { WORDS } from './languages.ts'

/** HTML. */
export function logoOf(pages: PagesPlan | undefined): string {
  if (pages?.logo === undefined) return ''
  return `<p><img src="${escapeHtml(pages.logo)}" alt="${escapeHtml(pages.name ?? '')}"></p>\n`
}

/** HTML, below what a page says. */
export function ownWords(pages: PagesPlan | undefined, language: Language): string {
  if (pages === undefined) return ''
  const text = textOf(pages, language)
  const contacts = contactsOf(pages)
  const own = text === undefined ? '' : `<p class="own" dir="auto">${escapeHtml(text)}</p>\n`
  if (contacts.length === 0) return own
  const links = contacts.map(({ href, text }) =>
    href === undefined ? escapeHtml(text) : `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`,
  )
  return `${own}<p>${WORDS[language].help}: ${links.join(' · ')}</p>\n`
}

/** Lines of plain text, for clients that show no page. */
export function ownLines(pages: PagesPlan | undefined, language: Language): readonly string[] {
  if (pages === undefined) return []
  const contacts = contactsOf(pages).map(({ text }) => text)
  const text = textOf(pages, language)
  return [
    ...(text === undefined ? [] : [text]),
    ...(contacts.length === 0 ? [] : [`${WORDS[language].help}: ${contacts.join(' · ')}`]),
  ]
}

function textOf({ text }: PagesPlan, language: Language): string | undefined {
  return text?.[language] ?? text?.any
}

/** In the order in which they are read. */
function contactsOf({ name, phone, email, link }: PagesPlan): { readonly text: string; readonly href?: string }[] {
  return [
    ...(name === undefined ? [] : [{ text: name }]),
    ...(phone === undefined
      ? []
      : [{ text: phone, href: `tel:${phone.replace(/(?:ext|x).*$/, '').replace(/[^+0-9]/g, '')}` }]),
    ...(email === undefined ? [] : [{ text: email, href: `mailto:${email}` }]),
    ...(link === undefined ? [] : [{ text: link, href: link }]),
  ]
}
