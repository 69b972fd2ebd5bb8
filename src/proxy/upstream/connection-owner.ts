// What a connection tells the upstream whose it is, in this worker. Types only.

export interface ConnectionOwner<Connection> {
  /** The first byte of its first answer has come. */
  onFirstByte(connection: Connection): void
  /** The response is complete and the connection may carry another. `keepAlive` = what the upstream announced. */
  onFree(connection: Connection, keepAlive: string | undefined): void
  /** It ends with the answer that begins now: the upstream says so. */
  onLastAnswer(connection: Connection, status: number): void
  /** The connection is closed; `idle` = it carried nothing. */
  onGone(connection: Connection, idle: boolean): void
  onUnexpected(error: unknown): void
}
