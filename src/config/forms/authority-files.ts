// The files of a document that say whose certificates clients may have: read and watched by themselves, like certificates. Reads no file.

import type { AuthorityFiles } from '../../plan/tls.ts'
import type { Path } from './problem.ts'

/** As the document writes them. */
export interface NamedAuthorities extends AuthorityFiles {
  /** Of the section that names both. */
  readonly path: Path
}
