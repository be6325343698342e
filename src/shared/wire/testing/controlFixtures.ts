import type { ControlEvent, ControlRequest } from '../controlMessage.ts'

/** Text made of pieces, each repeated: so that long ones stay short in the file. */
export type RepeatedText = readonly (readonly [text: string, times: number])[]

export interface ControlFixture {
  readonly name: string
  readonly from: 'client' | 'device'
  /** Whether it is the first message of its connection, which must be short. */
  readonly isFirst?: boolean
  readonly text: RepeatedText
}

const hash = '0123456789abcdef'.repeat(4)
const stats = { count: 3, p50: 1.5, p95: 2, p99: 2, max: 2 }

const requests: readonly ControlRequest[] = [
  { type: 'hello', id: 1, versions: [1], client: 'colliflow' },
  { type: 'put-blob', id: 2, hash, bytes: 4096 },
  {
    type: 'prepare',
    id: 3,
    session: 's1',
    epoch: 1,
    program: {
      device: 'server',
      deviceIndex: 1,
      nodes: {
        top: {
          kind: 'top-labels',
          params: { count: 5 },
          inputSpecs: { scores: { dtype: 'float32', shape: ['N', 1001] } },
          outputSpecs: { labels: { dtype: 'bytes', shape: [null], encoding: { codec: 'top-labels' } } },
          assets: { labels: [{ hash, bytes: 10, name: 'labels.txt' }] },
        },
      },
      wires: [{ from: 'uplink.out', to: 'top.scores', policy: { kind: 'block', capacity: 2 } }],
      links: {
        uplink: {
          direction: 'receive',
          peer: 'phone',
          transport: 'tcp',
          spec: { dtype: 'float32', shape: ['N', 1001] },
          linkIndex: 0,
        },
        result: { direction: 'send', peer: '$client', transport: 'websocket' },
      },
    },
    links: {
      uplink: { role: 'listen', transport: 'tcp' },
      result: { role: 'dial', transport: 'websocket', host: '127.0.0.1', port: 5678, token: 'A'.repeat(43) },
    },
  },
  { type: 'commit', id: 4, session: 's1', epoch: 1 },
  { type: 'abort', id: 5, session: 's1', epoch: 1 },
  { type: 'stop', id: 6, session: 's1' },
  { type: 'subscribe-telemetry', id: 7, session: 's1', intervalMs: 100 },
  { type: 'clock', id: 8 },
  { type: 'bye', id: 9 },
]

const events: readonly ControlEvent[] = [
  { type: 'reply', id: 4, result: {} },
  { type: 'reply', id: 3, error: { code: 'device.refused', message: 'No.', details: { node: 'top' } } },
  { type: 'blob-stored', transfer: 1, hash },
  {
    type: 'telemetry',
    session: 's1',
    final: false,
    telemetry: {
      windowMs: 1000,
      nodes: { top: { waitMs: stats, computeMs: stats, frames: 3, skipped: 0 } },
      wires: { 'uplink.out>top.scores': { frames: 3, dropped: 0, queued: 1, capacity: 2, bytes: 0 } },
    },
  },
  { type: 'log', session: 's1', level: 'warning', node: 'top', code: 'image.not-an-image', message: 'Skipped.' },
  { type: 'session-ended', session: 's1' },
]

export function validControlMessages(): readonly ControlFixture[] {
  return [
    ...requests.map((message) => fixture('client', message, message.type === 'hello')),
    ...events.map((message) => fixture('device', message)),
  ]
}

export function malformedControlMessages(): readonly ControlFixture[] {
  const hello = JSON.stringify(requests[0])
  const client = (name: string, ...text: RepeatedText): ControlFixture => ({ name, from: 'client', text })
  const device = (name: string, ...text: RepeatedText): ControlFixture => ({ name, from: 'device', text })
  const withoutEachField = requests.flatMap((message) =>
    Object.keys(message).map((key) => {
      const { [key as 'type']: _left, ...rest } = message // any of its keys
      return client(`${message.type} without ${key}`, [JSON.stringify(rest), 1])
    }),
  )
  const withExtraField = [
    ...requests.map((message) => client(`${message.type} with an unknown field`, [extended(message), 1])),
    ...events.map((message) => device(`${message.type} with an unknown field`, [extended(message), 1])),
  ]
  return [
    client('nothing', ['', 1]),
    client('white space', [' \n', 1]),
    client('null', ['null', 1]),
    client('a number', ['1', 1]),
    client('a string', ['"hello"', 1]),
    client('an empty array', ['[]', 1]),
    client('an empty object', ['{}', 1]),
    client('cut short', [hello.slice(0, -1), 1]),
    client('two messages', [hello, 2]),
    client('a comment', [`${hello} // hi`, 1]),
    client('an unknown type', ['{"type":"format-disk","id":1}', 1]),
    client('a type that devices send', ['{"type":"reply","id":1}', 1]),
    device('a type that clients send', ['{"type":"bye","id":1}', 1]),
    client('type twice, the second unknown', ['{"type":"bye","id":1,"type":"x"}', 1]),
    client('a negative id', ['{"type":"bye","id":-1}', 1]),
    client('a fractional id', ['{"type":"bye","id":1.5}', 1]),
    client('an id beyond 2^53', ['{"type":"bye","id":1e300}', 1]),
    client('an infinite id', ['{"type":"bye","id":1e999}', 1]),
    client('an id as text', ['{"type":"bye","id":"1"}', 1]),
    client('a key __proto__', ['{"type":"bye","id":1,"__proto__":{}}', 1]),
    client('no versions', ['{"type":"hello","id":1,"versions":[],"client":"x"}', 1]),
    client('17 versions', ['{"type":"hello","id":1,"client":"x","versions":[1', 1], [',1', 16], [']}', 1]),
    client(
      'a client name of 256 characters',
      ['{"type":"hello","id":1,"versions":[1],"client":"', 1],
      ['x', 256],
      ['"}', 1],
    ),
    client('a short hash', [`{"type":"put-blob","id":1,"hash":"${hash.slice(1)}","bytes":1}`, 1]),
    client('a hash in capitals', [`{"type":"put-blob","id":1,"hash":"${hash.toUpperCase()}","bytes":1}`, 1]),
    client('a blob of -1 bytes', [`{"type":"put-blob","id":1,"hash":"${hash}","bytes":-1}`, 1]),
    client('telemetry every 49 ms', ['{"type":"subscribe-telemetry","id":1,"session":"s","intervalMs":49}', 1]),
    client('an empty session', ['{"type":"stop","id":1,"session":""}', 1]),
    client('arrays 65 deep', ['[', 65], [']', 65]),
    client('arrays 500000 deep, never closed', ['[', 500_000]),
    client('arrays 500000 deep', ['[', 500_000], [']', 500_000]),
    client('objects 100000 deep', ['{"a":', 100_000], ['1', 1], ['}', 100_000]),
    client('4 MiB and a byte', ['{"type":"bye","id":1}', 1], [' ', 4 * 1024 * 1024 - 20]),
    client('4 MiB in two-byte characters', ['é', 2 * 1024 * 1024 + 1]),
    { ...client('a first message of 4097 bytes', [hello, 1], [' ', 4097 - hello.length]), isFirst: true },
    device('a reply without an id', ['{"type":"reply","result":{}}', 1]),
    device('an error without a code', ['{"type":"reply","id":1,"error":{"message":"x"}}', 1]),
    device(
      'a code of 65 characters',
      ['{"type":"reply","id":1,"error":{"message":"x","code":"', 1],
      ['c', 65],
      ['"}}', 1],
    ),
    ...withoutEachField,
    ...withExtraField,
  ]
}

export function toText(text: RepeatedText): string {
  return text.map(([piece, times]) => piece.repeat(times)).join('')
}

function fixture(from: 'client' | 'device', message: ControlRequest | ControlEvent, isFirst = false): ControlFixture {
  return { name: message.type, from, ...(isFirst && { isFirst }), text: [[JSON.stringify(message), 1]] }
}

function extended(message: object): string {
  return JSON.stringify({ ...message, surprise: 1 })
}
