// Who asks, where the command line does not say it: the user of the operating system.

import { userInfo } from 'node:os'

export function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A user id without a name, as containers have them.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
