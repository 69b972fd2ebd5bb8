// Who hears what, in which order, also where one of the listeners has a bug.

import { expect, test, vi } from 'vitest'
import { Bus } from '../../../../src/control/events/bus.ts'

test('everybody hears everything, at once and in the order in which they came, until they leave', () => {
  const bus = new Bus<string>()
  const heard: string[] = []
  const leave = bus.listen(event => heard.push(`first ${event}`))
  bus.listen(event => heard.push(`second ${event}`))
  bus.tell('a')
  leave()
  bus.tell('b')
  expect(heard).toEqual(['first a', 'second a', 'second b'])
})

test('what is told while something is told is heard by all, too', () => {
  const bus = new Bus<string>()
  const heard: string[] = []
  bus.listen(event => {
    if (event === 'cause') bus.tell('effect')
  })
  bus.listen(event => heard.push(event))
  bus.tell('cause')
  expect(heard).toEqual(['effect', 'cause'])
})

test('a listener that throws keeps neither the others from hearing nor the teller from going on; its bug is not lost', () => {
  const bus = new Bus<string>()
  const heard: string[] = []
  const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {})
  try {
    bus.listen(() => {
      throw new Error('a bug')
    })
    bus.listen(event => heard.push(event))
    expect(() => bus.tell('a')).not.toThrow()
    expect(heard).toEqual(['a'])
    expect(later).toHaveBeenCalledOnce()
    expect(later.mock.calls[0]![0]).toThrow('a bug')
  } finally {
    later.mockRestore()
  }
})
