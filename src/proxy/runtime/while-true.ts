/** Resolves once the condition is no longer true, or after `atMostMs`; looks every 20 ms. */
export async function whileTrue(condition: () => boolean, atMostMs: number): Promise<void> {
  const until = performance.now() + atMostMs
  while (condition() && performance.now() < until) await new Promise(resolve => setTimeout(resolve, 20))
}
