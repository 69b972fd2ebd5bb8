import { expect, test } from 'vitest'
import { Ticker } from '../../../../src/proxy/runtime/ticker.ts'
import { Timer, TimerWheel } from '../../../../src/proxy/runtime/timer-wheel.ts'

/** A wheel of 50 ms ticks; reads happen when the test says so. */
function setUp() {
  let nowMs = 0
  const turns: (() => void)[] = []
  const fired: number[] = []
  const wheel = new TimerWheel(0, 50)
  const ticker = new Ticker(
    wheel,
    () => nowMs,
    step => turns.push(step),
  )
  const timer = new Timer({ onDeadline: () => fired.push(nowMs) })
  const tickTo = (ms: number) => {
    nowMs = ms
    ticker.tick(ms)
  }
  return { wheel, timer, fired, turns, tickTo, turn: () => turns.shift()?.() }
}

/** A deadline of 2 s, and a tick that came after 6. */
function stoodStill() {
  const stage = setUp()
  stage.tickTo(50)
  stage.wheel.arm(stage.timer, 2000)
  stage.tickTo(100)
  stage.tickTo(6000)
  return stage
}

test('a deadline fires in its tick while the ticks come in time, or a little late', () => {
  const { wheel, timer, fired, turns, tickTo } = setUp()
  tickTo(50)
  wheel.arm(timer, 300)
  for (let ms = 100; ms <= 250; ms += 50) tickTo(ms)
  tickTo(700)
  expect([fired, turns]).toEqual([[700], []])
})

test('after a standstill no deadline fires before all sockets were read, twice', () => {
  const { fired, turn } = stoodStill()
  expect(fired).toEqual([])
  turn()
  expect(fired).toEqual([])
  turn()
  expect(fired).toEqual([6000])
})

test('what moves its deadline while the sockets are read is spared', () => {
  const { wheel, timer, fired, tickTo, turn } = stoodStill()
  wheel.arm(timer, 2000)
  turn()
  turn()
  expect(fired).toEqual([])
  for (let ms = 6050; ms <= 7900; ms += 50) tickTo(ms)
  expect(fired).toEqual([])
  for (let ms = 7950; ms <= 8200; ms += 50) tickTo(ms)
  expect(fired.length).toBe(1)
})
