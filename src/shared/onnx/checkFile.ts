import { ModelProtoSchema } from 'onnx-buf'
import { AppError } from '../errors/appError.ts'

const wireType = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const
const knownFields: ReadonlySet<number> = new Set(ModelProtoSchema.fields.map(({ number }) => number))

/**
 * Walks over the top-level fields of a protobuf file without decoding them, to tell a file that is no ONNX model from
 * one that was cut short: both fail alike in a decoder.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function checkFile(bytes: Uint8Array): AppError | undefined {
  if (bytes.byteLength === 0) return new AppError('model.not-onnx', 'The file is empty.')
  let at = 0
  while (at < bytes.byteLength) {
    const tag = readVarint(bytes, at)
    // Later fields may come from a newer ONNX, but the first one is always an old acquaintance.
    if (at === 0 && (tag === undefined || !knownFields.has(Math.floor(tag.value / 8)))) return notOnnx(bytes)
    const end = tag === undefined ? undefined : endOfField(bytes, tag.end, tag.value % 8)
    if (end === 'malformed') return notOnnx(bytes)
    if (end === undefined || end > bytes.byteLength) return truncated(bytes)
    at = end
  }
  return undefined
}

/** Where the content of a field ends (perhaps beyond the file); undefined if the file ends before that can be told. */
function endOfField(bytes: Uint8Array, start: number, type: number): number | 'malformed' | undefined {
  switch (type) {
    case wireType.varint:
      return readVarint(bytes, start)?.end
    case wireType.lengthDelimited: {
      const length = readVarint(bytes, start)
      return length && length.end + length.value
    }
    case wireType.fixed64:
      return start + 8
    case wireType.fixed32:
      return start + 4
    default:
      return 'malformed'
  }
}

function notOnnx(bytes: Uint8Array): AppError {
  const beginning = new TextDecoder().decode(bytes.subarray(0, 64))
  const what = beginning.startsWith('version https://git-lfs')
    ? 'a pointer of Git LFS, not the file that it stands for; fetch the file itself'
    : /^\s*[<{]/.test(beginning)
      ? 'text, perhaps a web page saved under its name'
      : 'something else'
  return new AppError('model.not-onnx', `The file is no ONNX model: it is ${what}.`)
}

function truncated(bytes: Uint8Array): AppError {
  const message = `The ONNX file ends in the middle of a field, after ${bytes.byteLength} bytes; fetch it again.`
  return new AppError('model.truncated', message)
}

/** A base-128 number (exact below 2^53) and where it ends, or undefined where the bytes hold none. */
function readVarint(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  let scale = 1
  for (let at = start; at < bytes.byteLength && at < start + 10; at++) {
    const byte = bytes[at] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, end: at + 1 }
    scale *= 128
  }
  return undefined
}
