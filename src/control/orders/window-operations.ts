// What people may ask for with windows over the admin API: make one, end or extend it, cancel a date or not, confirm it, remove it. Each order goes the one way of
// carry-out.ts, and is answered with the window as it is then.

import type { MaintenanceOperations, WindowResult } from '../../admin/contract/maintenance.ts'
import { reportWindow } from '../report/maintenance-report.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { Orders } from './carry-out.ts'
import {
  decideAdd,
  decideConfirm,
  decideEnd,
  decideExtend,
  decideRemove,
  decideUncancel,
  judgeWindow,
  unknownWindow,
} from './decide-windows.ts'

export function createMaintenanceOperations(
  orders: Orders<unknown>,
  windows: MaintenanceWindows,
  now: () => number = Date.now,
): MaintenanceOperations {
  const report = (name: string, warnings: readonly string[] = []): WindowResult => {
    const window = windows.list.get(name)
    if (window === undefined) return unknownWindow(windows, name)
    return { ok: true, window: reportWindow(window, windows, now()), warnings }
  }
  /** An order is judged by what the window does at this moment. */
  const looked = () => {
    windows.tick()
    return windows
  }
  return {
    add(document, order) {
      const { errors, warnings } = judgeWindow(document, windows.snapshot)
      return orders.carryOut(
        order,
        () => decideAdd(windows, document, errors, order, now()),
        () => report(document.name, warnings),
      )
    },
    end: (name, order) =>
      orders.carryOut(
        order,
        () => decideEnd(looked(), name, order, now()),
        () => report(name),
      ),
    uncancel: (name, order) =>
      orders.carryOut(
        order,
        () => decideUncancel(looked(), name, order, now()),
        () => report(name),
      ),
    extend: (name, order) =>
      orders.carryOut(
        order,
        () => decideExtend(looked(), name, order, now()),
        () => report(name),
      ),
    confirm: (name, order) =>
      orders.carryOut(
        order,
        () => decideConfirm(looked(), name, order, now()),
        () => report(name),
      ),
    remove(name, order) {
      let former: WindowResult = unknownWindow(windows, name)
      return orders.carryOut(
        order,
        () => {
          former = report(name)
          return decideRemove(windows, name, order, now())
        },
        () => former,
      )
    },
  }
}
