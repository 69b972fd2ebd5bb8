// Clients of others over HTTP/2, with prior knowledge: curl, nghttp and h2load (nghttp2), and the h2 of Python. What is not installed is left
// out.

import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { answerBytes } from '../support/raw-answers.ts'
import { field } from '../support/wire.ts'

const PYTHON = '/usr/bin/python3'
const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0

const pair = usePair({ http2: true })
const LARGE = Buffer.alloc(300_000, 'large answer, ')
let folder: string
let upload: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-http2-'))
  upload = join(folder, 'upload')
  await writeFile(upload, LARGE)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What it wrote to its standard output, if it ended well. */
function run(program: string, ...args: string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { encoding: 'buffer', maxBuffer: 10_000_000, timeout: 90_000 }, (error, out, err) =>
      error ? reject(new Error(`${error.message}\n${err.toString()}`)) : resolve(out),
    )
  })
}

const url = (path: string): string => `http://127.0.0.1:${pair.port}${path}`
const largeAnswer = answerBytes(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE.length}\r\n\r\n${LARGE}`)

describe.runIf(has('curl', '--version'))('curl', () => {
  const curl = (...args: string[]): Promise<Buffer> => run('curl', '-sS', '--http2-prior-knowledge', ...args)

  test('gets an answer, and its head', async () => {
    const text = (await curl('-i', url('/a?b=1'))).toString()
    expect(text).toMatch(/^HTTP\/2 200 \r\n/)
    expect(text).toMatch(/\r\n\r\nGET \/a\?b=1$/)
    expect(text).not.toMatch(/^(connection|transfer-encoding|keep-alive):/im)
  })

  test('gets an answer that is larger than all windows, whole', async () => {
    pair.upstream.answer = largeAnswer
    expect(await curl(url('/large'))).toEqual(LARGE)
  })

  test('uploads what is larger than all windows, with a length and without', async () => {
    await curl('-T', upload, url('/with'))
    await curl('-T', upload, '-H', 'content-length:', url('/without'))
    const [first, second] = pair.upstream.requests
    expect(field(first!, 'content-length')).toBe(String(LARGE.length))
    expect([first!.body.equals(LARGE), second!.body.equals(LARGE)]).toEqual([true, true])
  })

  test('waits for 100 Continue, and gets it', async () => {
    const sent = (await curl('-i', '-H', 'expect: 100-continue', '-d', 'x=1', url('/wait'))).toString()
    expect(sent).toMatch(/\r\n\r\nPOST \/wait$/)
    expect(pair.upstream.requests[0]?.body.toString()).toBe('x=1')
  })
})

describe.runIf(has('nghttp', '--version'))('nghttp', () => {
  test('gets answers of several sizes at once, each whole', async () => {
    pair.upstream.answer = async arrival => {
      const size = Number(arrival.target.slice(1))
      await arrival.connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`)
    }
    const sizes = [0, 1, 16_384, 16_385, 200_000]
    const out = await run('nghttp', '-nv', ...sizes.map(size => url(`/${size}`)))
    const text = out.toString()
    expect(text.match(/:status: 200/g)?.length).toBe(sizes.length)
    expect(text).not.toMatch(/RST_STREAM|error_code=(?!NO_ERROR)/)
  })

  test('pads its frames, and has small windows', async () => {
    pair.upstream.answer = largeAnswer
    const out = await run('nghttp', '-b', '40', '-w', '14', '-W', '14', '--no-dep', url('/large'))
    expect(out.equals(LARGE)).toBe(true)
  })

  test('sends trailers and a body', async () => {
    await run('nghttp', '-n', '--no-content-length', '-d', upload, '--trailer', 'x-sum: 1', url('/up'))
    expect(pair.upstream.requests[0]?.body.equals(LARGE)).toBe(true)
    expect(pair.upstream.requests[0]?.trailers).toEqual([['x-sum', '1']])
  })

  test('has a small table for header blocks, or none', async () => {
    for (const size of ['0', '100'])
      expect((await run('nghttp', '-c', size, url('/a'), url('/b'))).toString()).toMatch(/GET \/[ab]GET \/[ab]/)
  })
})

describe.runIf(has('h2load', '--version'))('h2load', () => {
  test('gets all that it asks for', async () => {
    const out = (await run('h2load', '-n', '400', '-c', '4', '-m', '25', url('/load'))).toString()
    expect(out).toMatch(/400 total, 400 started, 400 done, 400 succeeded, 0 failed, 0 errored, 0 timeout/)
    expect(pair.upstream.requests).toHaveLength(400)
  })
})

const SCRIPT = `
import socket, sys, hashlib, h2.connection, h2.config, h2.events
port, upload = int(sys.argv[1]), open(sys.argv[2], 'rb').read()
sock = socket.create_connection(('127.0.0.1', port))
conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding='latin1'))
conn.initiate_connection()
head = [(':method', 'POST'), (':scheme', 'http'), (':authority', 'a.example'), (':path', '/python')]
cookies = [('cookie', 'c%d=%d' % (i, i)) for i in range(200)]
answers, sent = {}, {}
for i in range(3):
    stream = conn.get_next_available_stream_id()
    conn.send_headers(stream, head + cookies + [('x-nr', str(i))])
    answers[stream], sent[stream] = b'', 0
open_streams = set(answers)
def send():
    for stream in list(sent):
        while sent[stream] < len(upload):
            room = min(conn.local_flow_control_window(stream), conn.max_outbound_frame_size, len(upload) - sent[stream])
            if room <= 0: break
            conn.send_data(stream, upload[sent[stream]:sent[stream] + room], end_stream=sent[stream] + room == len(upload), pad_length=7 if room > 8 and room < conn.local_flow_control_window(stream) - 8 and room < 10000 else None)
            sent[stream] += room
    sock.sendall(conn.data_to_send())
send()
while open_streams:
    data = sock.recv(65536)
    if not data: sys.exit('closed early')
    for event in conn.receive_data(data):
        if isinstance(event, h2.events.DataReceived):
            answers[event.stream_id] += event.data
            conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded): open_streams.discard(event.stream_id)
        elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)): sys.exit(repr(event))
    send()
print(' '.join(hashlib.sha256(answer).hexdigest() for answer in answers.values()))
`

describe.runIf(has(PYTHON, '-c', 'import h2'))('the h2 of Python, which is strict with servers', () => {
  test('uploads on three streams at once, each with 200 cookies, and gets answers larger than its windows', async () => {
    pair.upstream.answer = async arrival => {
      await arrival.whole()
      await arrival.connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE.length}\r\n\r\n${LARGE}`)
    }
    const out = (await run(PYTHON, '-c', SCRIPT, String(pair.port), upload)).toString().trim()
    const sum = createHash('sha256').update(LARGE).digest('hex')
    expect(out).toBe([sum, sum, sum].join(' '))
    expect(pair.upstream.requests.map(({ body }) => body.equals(LARGE))).toEqual([true, true, true])
    expect(field(pair.upstream.requests[0]!, 'cookie')?.split('; ')).toHaveLength(200)
  })
})
