// How much of what can be repeated without end a run does: a part in every `npm test`, all of it, with other inputs each time, with
// VIGIA_THOROUGH=1.

export const THOROUGH = (process.env.VIGIA_THOROUGH ?? '') !== ''

/** @param all with VIGIA_THOROUGH=1 @param part in every run: enough to fail where the code is plainly wrong */
export function amount(all: number, part = Math.ceil(all / 4)): number {
  return THOROUGH ? all : part
}
