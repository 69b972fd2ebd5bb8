// A wall clock that can be set under a vigia that runs: the Debian package `faketime` answers for it in the process, and leaves the
// monotonic one alone.

import { existsSync, writeFileSync } from 'node:fs'

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'

export const CAN_FAKE_CLOCK = existsSync(LIBRARY)

/** @param file holds by how much the clock is wrong: of `setClock` */
export function fakeClockEnv(file: string): NodeJS.ProcessEnv {
  setClock(file, 0)
  return {
    LD_PRELOAD: LIBRARY,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}

/** @param wrongS seconds that it is ahead; negative = behind */
export function setClock(file: string, wrongS: number): void {
  writeFileSync(file, `${wrongS < 0 ? '' : '+'}${wrongS}\n`)
}
