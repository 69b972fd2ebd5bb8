// File names by a pattern: `*` stands for any number of characters, `?` for one. Every other character stands for itself.

export function hasWildcard(text: string): boolean {
  return /[*?]/.test(text)
}

/** Whether a file's name is one that is meant. A name that begins with a dot has to be asked for with one, as in a shell. */
export function matchesWildcard(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false
  let at = 0
  let star = -1
  let afterStar = 0
  // The newest `*` takes as little as it can, and more where what follows does not fit: never longer than one length times the other.
  for (let i = 0; i < name.length; ) {
    if (pattern[at] === '*') {
      star = at++
      afterStar = i
    } else if (pattern[at] === '?' || pattern[at] === name[i]) {
      at += 1
      i += 1
    } else if (star >= 0) {
      at = star + 1
      i = ++afterStar
    } else return false
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}
