import { z } from 'zod'
import { calibrationFits } from '../../codecs/calibration.ts'
import { AppError } from '../../errors/appError.ts'
import type { GraphResources } from '../../graph/graphResources.ts'
import { bytesTensor } from '../../tensor/tensor.ts'
import { formatSpec, type TensorSpec } from '../../tensor/tensorSpec.ts'
import { defineNodeKind, InputRefusal, refuseInput } from '../nodeKind.ts'
import { takeTyped } from '../takeInput.ts'
import { loadCalibration } from './loadCalibration.ts'

/** float32 of any shape to bytes, with the levels and tables of a calibration. */
export const quantizeRans = defineNodeKind({
  id: 'quantize-rans',
  version: 1,
  label: 'Quantise + rANS',
  group: 'Codecs',
  summary: 'Rounds features to a few calibrated levels and codes them with calibrated rANS tables.',
  params: z.strictObject({
    levels: z
      .int()
      .min(2)
      .max(256)
      .default(16)
      .describe('Values that are told apart: more cost bytes, fewer accuracy.'),
    calibration: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex')
      .exactOptional()
      .describe('SHA-256 of the calibration (colliflow calibrate makes it and fills this in).'),
  }),
  inputs: { tensor: { label: 'Tensor', accepts: 'float32' } },
  outputs: { bytes: { label: 'Bytes' } },
  inferOutputs: ({ levels, calibration }, { tensor }, resources) => {
    if (calibration === undefined) return missingCalibration()
    if (tensor === undefined) return {}
    if (tensor.dtype !== 'float32') {
      const adapter = { kind: 'cast', params: { dtype: 'float32' } }
      return refuseInput('tensor', `Quantise + rANS takes float32, found ${formatSpec(tensor)}.`, adapter)
    }
    const refusal = mismatch(calibration, levels, tensor, resources)
    const encoding = { codec: 'quantize-rans', tensor, params: { levels, calibration } }
    return refusal ?? { bytes: { dtype: 'bytes', shape: [null], encoding } }
  },
  assets: ({ calibration }) => (calibration ? { calibration: { type: 'calibration', hash: calibration } } : {}),
  async prepare({ levels }, context) {
    const codec = await loadCalibration(context, levels)
    return (inputs) => ({ bytes: bytesTensor(codec.encode(takeTyped(inputs, 'tensor', 'float32'))) })
  },
})

function missingCalibration(): InputRefusal {
  const message =
    'Quantise + rANS has no calibration: run colliflow calibrate FILE --photos DIR with pictures that are not evaluated.'
  return new InputRefusal({ error: new AppError('graph.calibration-missing', message) })
}

/** Nothing is said of a calibration that resources do not know: whoever loads them reports that. */
function mismatch(
  hash: string,
  levels: number,
  tensor: TensorSpec,
  resources: GraphResources,
): InputRefusal | undefined {
  const made = resources.calibration(hash)
  if (made === undefined || (made.levels === levels && calibrationFits(made.tensor, tensor))) return undefined
  const message =
    `Calibration ${hash.slice(0, 12)} is for ${formatSpec(made.tensor)} at ${made.levels} levels, ` +
    `found ${formatSpec(tensor)} at ${levels}. Run colliflow calibrate again.`
  return new InputRefusal({ error: new AppError('graph.calibration-mismatch', message), port: 'tensor' })
}
