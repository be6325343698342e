import { AppError } from '../errors/appError.ts'
import { createTensor, type Tensor } from '../tensor/tensor.ts'
import { formatSpec, type Shape } from '../tensor/tensorSpec.ts'
import { type Calibration, calibrationFits, calibrationTensorOf, quantizerOf, ransTablesOf } from './calibration.ts'
import { dequantize, quantize } from './quantizer.ts'
import { decodeRans } from './rans/decodeRans.ts'
import { encodeRans } from './rans/encodeRans.ts'

/** Tensor <-> bytes under one calibration; tables are laid out once. */
export interface CalibratedCodec {
  /** Fails with `tensor.shape-mismatch` when the tensor is not one that the calibration is for. */
  encode(tensor: Tensor<'float32'>): Uint8Array
  /**
   * `expectedShape` (default: the calibration's, any batch) is checked before allocation. Fails with
   * `codec.payload-invalid`.
   */
  decode(payload: Uint8Array, expectedShape?: Shape): Tensor<'float32'>
}

/** 256 MB of float32: more than any cut of an image network. */
const defaultMaxElements = 1 << 26

/** Fails with `codec.table-invalid`. */
export function createCalibratedCodec(
  calibration: Calibration,
  { maxElements = defaultMaxElements }: { readonly maxElements?: number } = {},
): CalibratedCodec {
  const quantizer = quantizerOf(calibration)
  const tables = ransTablesOf(calibration)
  const spec = calibrationTensorOf(calibration)
  const anyBatch: Shape = spec.shape.length > 1 ? [null, ...spec.shape.slice(1)] : spec.shape
  return {
    encode({ dtype, shape, data }) {
      if (!calibrationFits(spec, { ...spec, dtype, shape })) {
        const [made, found] = [formatSpec(spec), formatSpec({ ...spec, dtype, shape })]
        throw new AppError(
          'tensor.shape-mismatch',
          `The calibration is for ${made}, found ${found}; calibrate this cut.`,
        )
      }
      return encodeRans(quantize(data, quantizer), shape, tables, spec.layout)
    },
    decode(payload, expectedShape = anyBatch) {
      const { shape, symbols } = decodeRans(payload, tables, { expectedShape, maxElements }, spec.layout)
      return createTensor('float32', shape, dequantize(symbols, quantizer))
    },
  }
}
