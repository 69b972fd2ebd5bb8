// Reads a proxy's metrics at intervals while it is measured, as a Prometheus does, and counts what did not look like metrics.

export interface Scraper {
  /** How many scrapes failed or were no metrics. */
  stop(): Promise<number>
}

export function scrapeEvery(intervalMs: number, adminPort: number): Scraper {
  let errors = 0
  let under: Promise<void> = Promise.resolve()
  const scrape = async () => {
    try {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/metrics`, { signal: AbortSignal.timeout(5000) })
      if (!(answer.ok && (await answer.text()).includes('# TYPE '))) errors += 1
    } catch {
      errors += 1
    }
  }
  const timer = setInterval(() => {
    under = scrape()
  }, intervalMs)
  under = scrape()
  return {
    stop: async () => {
      clearInterval(timer)
      await under
      return errors
    },
  }
}
