// What is to be done once at the end of a turn of the event loop, when everything that lay in the sockets has been read: the answers that
// came in it leave in one write for each client, not in one for each answer.

export interface AtTurnEnd {
  onTurnEnd(): void
}

let waiting: AtTurnEnd[] = []

/** To be called at most once for each turn. */
export function atTurnEnd(each: AtTurnEnd): void {
  if (waiting.push(each) === 1) setImmediate(endTurn)
}

function endTurn(): void {
  const now = waiting
  waiting = []
  for (const each of now) each.onTurnEnd()
}
