import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { formatSpec, type TensorSpec } from '../tensor/tensorSpec.ts'
import { defineNodeKind, refuseInput } from './nodeKind.ts'
import { loadCalibration } from './quantizeRans/loadCalibration.ts'
import { takeTyped } from './takeInput.ts'

/** The inverse of quantize-rans; all it must know comes with the type of its input. */
export const dequantizeRans = defineNodeKind({
  id: 'dequantize-rans',
  version: 1,
  label: 'rANS + dequantise',
  group: 'Codecs',
  summary: 'Gives back the features that Quantise + rANS made bytes of, rounded to its levels.',
  params: z.strictObject({}),
  inputs: { bytes: { label: 'Bytes', accepts: 'bytes' } },
  outputs: { tensor: { label: 'Tensor' } },
  inferOutputs: (_params, { bytes }) => {
    if (bytes === undefined) return {}
    const { encoding } = bytes
    if (encoding?.codec === 'quantize-rans') return encoding.tensor === undefined ? {} : { tensor: encoding.tensor }
    const message = `rANS + dequantise takes bytes of quantize-rans, found ${formatSpec(bytes)}. Join it to a Quantise + rANS node.`
    return refuseInput('bytes', message)
  },
  assets: (_params, { bytes }) => {
    const hash = bytes?.encoding?.params?.calibration
    return typeof hash === 'string' ? { calibration: { type: 'calibration', hash } } : {}
  },
  async prepare(_params, context) {
    const encoding = context.inputSpecs.bytes?.encoding
    if (encoding === undefined) throw unknownEncoding(context.inputSpecs.bytes)
    const levels = encoding.params?.levels
    const codec = await loadCalibration(context, typeof levels === 'number' ? levels : undefined)
    const expectedShape = encoding.tensor?.shape
    return (inputs) => ({ tensor: codec.decode(takeTyped(inputs, 'bytes', 'bytes').data, expectedShape) })
  },
})

function unknownEncoding(found: TensorSpec | undefined): AppError {
  const what = found === undefined ? 'an unknown type' : formatSpec(found)
  const message = `rANS + dequantise must know at deployment how its bytes were made, found ${what}.`
  return new AppError('graph.type-mismatch', `${message} Join it to a Quantise + rANS node.`)
}
