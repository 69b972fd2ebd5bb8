// Standard output for much text: gathered, not faster than it is read, and ended where nobody reads any more (`| head`).

export class Output {
  #text = ''
  #closed: () => void = () => {}
  isClosed = false
  readonly #onError = () => {
    this.isClosed = true
    this.#closed()
  }

  constructor() {
    process.stdout.on('error', this.#onError)
  }

  close(): void {
    process.stdout.off('error', this.#onError)
  }

  onClosed(listener: () => void): void {
    this.#closed = listener
    if (this.isClosed) listener()
  }

  print(line: string): void {
    this.#text += `${line}\n`
  }

  /** Resolves once there is room for more. */
  async flush(): Promise<void> {
    if (this.#text === '' || this.isClosed) return
    const text = this.#text
    this.#text = ''
    await new Promise<void>(resolve => process.stdout.write(text, () => resolve()))
  }
}
