// What of nginx refuses clients, beside addresses and passwords.

import type { Directive } from '../directive.ts'

/** What keeps clients out in other ways than an answer to who they are. */
export const OTHER_PROTECTION = ['secure_link', 'modsecurity', 'access_by_lua_block', 'access_by_lua_file', 'js_access']

/** An answer that does. */
export function isRefusal({ name, args }: Directive): boolean {
  return name === 'return' && /^4\d\d$/.test(args[0] ?? '')
}

/** What an `if` refuses with. */
export function refusalIn({ name, block }: Directive): Directive | undefined {
  return name === 'if' ? block?.find(each => isRefusal(each) || each.name === 'deny') : undefined
}
