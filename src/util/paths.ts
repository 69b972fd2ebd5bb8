// Paths of files as texts: no file is looked at.

import { sep } from 'node:path'

/** Whether a file lies in a folder, or deeper. @param folder, file absolute, without `..` */
export function isBelow(folder: string, file: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
