import { create, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'

/** ONNX element types by their number in the format. */
export const elementType = { float32: 1, uint8: 2, int64: 7, bool: 9, float16: 10 } as const

export interface TinyModelOptions {
  readonly elementType?: number
  /** Dimensions of input and output; a text is a symbol. */
  readonly shape?: readonly (number | string)[]
  readonly operator?: string
}

/** An ONNX model of one node with input "x" and output "y": real bytes that onnxruntime loads. */
export function tinyModel(options: TinyModelOptions = {}): Uint8Array {
  const shape = options.shape ?? ['N', 4]
  const port = (name: string) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: options.elementType ?? elementType.float32,
          shape: {
            dim: shape.map((size) => ({
              value:
                typeof size === 'number'
                  ? { case: 'dimValue' as const, value: BigInt(size) }
                  : { case: 'dimParam' as const, value: size },
            })),
          },
        },
      },
    },
  })
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'tiny',
      node: [{ name: 'only', opType: options.operator ?? 'Identity', input: ['x'], output: ['y'] }],
      input: [port('x')],
      output: [port('y')],
    },
  })
  return toBinary(ModelProtoSchema, model)
}
