// What a piece of work costs, whatever else the machine does at the same time.

/** CPU time of this thread so far, ms. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
