// What a configuration may use of the machine beyond its own text: files, and variables of the environment. That of the file may use all
// that vigia may; one that comes over the admin API only what the file gives it. Where it may not, it learns nothing of what is there.

import { lstatSync, realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isBelow } from '../../util/paths.ts'
import { type ConfigDocument, certificateFiles, namedFiles, writtenFiles } from '../document.ts'
import { error, type Finding, type Path, quote } from '../forms/problem.ts'
import { grantedFolders } from '../parts/admin.ts'

/** What the configuration file gives to those that come over the admin API. */
export interface Grants {
  /** Absolute: files in them may be named (`admin.files`). */
  readonly folders: readonly string[]
  /** The files that it names itself, each for its own use only. */
  readonly files: readonly string[]
  /** What it includes, with what that includes: absolute paths and patterns. */
  readonly includes: readonly string[]
  /** Names of the variables that it refers to. */
  readonly environment: readonly string[]
}

/** @param folder of the configuration file */
export function grantsOf(
  config: ConfigDocument,
  folder: string,
  { includes, environment }: { readonly includes: readonly string[]; readonly environment: Iterable<string> },
): Grants {
  return {
    folders: grantedFolders(config.admin).map(each => resolve(folder, each)),
    files: allFiles(config).map(({ path, file }) => useOf(path, resolve(folder, file))),
    includes,
    environment: [...environment],
  }
}

/** What is said of what `mayInclude` refuses, after its name. */
export const NOT_INCLUDED = 'may not be included over the admin API: include it in the configuration file'

/**
 * Not files of granted folders: whoever may write there could change the configuration, and it may use all that vigia may once it is in
 * the file. @param path absolute, or a pattern
 */
export function mayInclude(path: string, { includes }: Grants): boolean {
  return includes.includes(path)
}

/** What a configuration names without a right to it. Looks at no file that is outside the granted folders. */
export function* checkGrants(config: ConfigDocument, folder: string, grants: Grants): Iterable<Finding> {
  for (const [i, given] of grantedFolders(config.admin).entries()) {
    if (!grants.folders.includes(resolve(folder, given)))
      yield error(['admin', 'files', i], 'can be added in the configuration file only, not over the admin API')
  }
  for (const { path, file } of allFiles(config)) {
    const absolute = resolve(folder, file)
    if (grants.files.includes(useOf(path, absolute)) || grants.folders.some(each => isWithin(each, absolute))) continue
    yield error(
      path,
      `the file ${quote(file)} may not be named over the admin API: name it in the configuration file, or give its folder in admin.files there; links and folders that are not there do not count`,
    )
  }
}

/** By its name, and by where its own folder really is; and it is no link. */
function isWithin(folder: string, file: string): boolean {
  if (!isBelow(folder, file)) return false
  try {
    const real = realpathSync(folder)
    const own = realpathSync(dirname(file))
    if (own !== real && !isBelow(real, own)) return false
    return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true
  } catch {
    return false
  }
}

function allFiles(config: ConfigDocument): { readonly path: Path; readonly file: string }[] {
  return [...namedFiles(config), ...certificateFiles(config), ...writtenFiles(config)]
}

/** A token's file is not to be sent as a header: whoever names a file again has to use it for the same. */
function useOf(path: Path, absolute: string): string {
  return `${path[0]} ${path.length === 1 ? 'path' : path.at(-1)} ${absolute}`
}
