import { z } from 'zod'
import { AppError } from '../../errors/appError.ts'
import { failure, type Result, success } from '../../errors/result.ts'
import { dataTypes } from '../../tensor/dataType.ts'
import { viewOf } from '../../tensor/numericValues.ts'
import { bytesTensor, createTensor, type Tensor } from '../../tensor/tensor.ts'

/*
 * A recording is the 8 bytes "CFREC\0\0\1" (the last is the version) and then records, one a frame:
 *
 *   offset 0  uint32  bytes of the header
 *          4  uint32  bytes of the payload
 *          8  header  JSON: {"seq","capturedAtNs","source"?,"dtype","shape"}
 *          .. payload the elements, row-major; strings as a JSON array
 *
 * All integers are little-endian. A file that ends within a record was cut short: the records before it are good.
 */
export const recordingMagic = Uint8Array.of(0x43, 0x46, 0x52, 0x45, 0x43, 0, 0, 1)

/** One frame of a recording. */
export interface RecordedFrame {
  readonly seq: number
  readonly capturedAtNs: number
  readonly source?: string
  readonly tensor: Tensor
}

/** What a recording holds; `isTruncated` when it ends within a record. */
export interface Recording {
  readonly frames: readonly RecordedFrame[]
  readonly isTruncated: boolean
}

/** One record as it is appended to a recording: lengths, JSON header, elements. */
export function encodeRecord({ tensor, ...info }: RecordedFrame): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify({ ...info, dtype: tensor.dtype, shape: tensor.shape }))
  const payload = payloadOf(tensor)
  const record = new Uint8Array(8 + header.byteLength + payload.byteLength)
  const view = new DataView(record.buffer)
  view.setUint32(0, header.byteLength, true)
  view.setUint32(4, payload.byteLength, true)
  record.set(header, 8)
  record.set(payload, 8 + header.byteLength)
  return record
}

function payloadOf(tensor: Tensor): Uint8Array {
  if (tensor.dtype === 'string') return new TextEncoder().encode(JSON.stringify(tensor.data))
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength)
}

const headerSchema = z.object({
  seq: z.int().nonnegative(),
  capturedAtNs: z.number(),
  source: z.string().exactOptional(),
  dtype: z.enum(dataTypes),
  shape: z.array(z.int().nonnegative()).max(8),
})
const textSchema = z.array(z.string())

/** The frames of a recording, up to where it was cut short. Fails with `codec.payload-invalid` for any other bytes. */
export function decodeRecording(bytes: Uint8Array): Result<Recording> {
  if (!recordingMagic.every((byte, index) => bytes[index] === byte)) {
    return failure(new AppError('codec.payload-invalid', 'These bytes are not a recording of this version.'))
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const frames: RecordedFrame[] = []
  let offset = recordingMagic.length
  while (offset + 8 <= bytes.byteLength) {
    const headerStart = offset + 8
    const payloadStart = headerStart + view.getUint32(offset, true)
    const end = payloadStart + view.getUint32(offset + 4, true)
    if (end > bytes.byteLength) return success({ frames, isTruncated: true })
    const frame = decodeRecord(bytes.subarray(headerStart, payloadStart), bytes.slice(payloadStart, end))
    if (frame === undefined) {
      const message = `Frame ${frames.length} of the recording, at byte ${offset}, is malformed.`
      return failure(new AppError('codec.payload-invalid', message, { details: { frame: frames.length, offset } }))
    }
    frames.push(frame)
    offset = end
  }
  return success({ frames, isTruncated: offset < bytes.byteLength })
}

function decodeRecord(header: Uint8Array, payload: Uint8Array<ArrayBuffer>): RecordedFrame | undefined {
  const parsed = headerSchema.safeParse(parseJson(header))
  if (!parsed.success) return undefined
  const { dtype, shape, ...info } = parsed.data
  const tensor = decodeTensor(dtype, shape, payload)
  return tensor === undefined ? undefined : { ...info, tensor }
}

function decodeTensor(
  dtype: Tensor['dtype'],
  shape: readonly number[],
  payload: Uint8Array<ArrayBuffer>,
): Tensor | undefined {
  const count = shape.reduce((product, dimension) => product * dimension, 1)
  if (dtype === 'string') {
    const text = textSchema.safeParse(parseJson(payload))
    return text.success && text.data.length === count ? createTensor('string', shape, text.data) : undefined
  }
  if (dtype === 'bytes') return payload.byteLength === count ? bytesTensor(payload) : undefined
  const empty = viewOf(dtype, new ArrayBuffer(0))
  if (payload.byteLength !== count * empty.BYTES_PER_ELEMENT) return undefined
  return { dtype, shape, data: viewOf(dtype, payload.buffer) } as Tensor // the view is of this dtype
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined // the schema refuses it
  }
}
