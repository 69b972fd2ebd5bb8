// What the status of an upstream's answer alone says of a request: it was refused. Such an answer settles what became of it even where
// the rest is cut, as it is by a server that refuses an upload, answers and closes with the body unread: its reset cuts an
// answer whose end only the end of the connection marks.

/**
 * @param status of the answer, a final one
 * @param requestWhole all of the request has left for the upstream: then an error of the server's own (RFC 9110 15.6) may have come
 * in the middle of the work, while one of the client's (15.5) says that it wasn't done
 */
export function isRefusal(status: number, requestWhole: boolean): boolean {
  return status >= 400 && (status < 500 || !requestWhole)
}
