import { unwrap } from '../errors/result.ts'
import type { JsonObject } from '../graph/graph.ts'
import { accuracy } from '../node-kinds/accuracy.ts'
import { agreement } from '../node-kinds/agreement.ts'
import { argmax } from '../node-kinds/argmax.ts'
import { batch } from '../node-kinds/batch.ts'
import { cast } from '../node-kinds/cast.ts'
import { dequantizeRans } from '../node-kinds/dequantizeRans.ts'
import type { KindParams } from '../node-kinds/index.ts'
import { jpegDecoder } from '../node-kinds/jpegDecoder.ts'
import { jpegEncoder } from '../node-kinds/jpegEncoder.ts'
import { latestJoin } from '../node-kinds/latestJoin.ts'
import { layout } from '../node-kinds/layout.ts'
import { merge } from '../node-kinds/merge.ts'
import { normalize } from '../node-kinds/normalize.ts'
import { onnxModel } from '../node-kinds/onnxModel.ts'
import { pngDecoder } from '../node-kinds/pngDecoder.ts'
import { pngEncoder } from '../node-kinds/pngEncoder.ts'
import { quantizeRans } from '../node-kinds/quantizeRans/quantizeRans.ts'
import { recorder } from '../node-kinds/recorder/recorder.ts'
import { resizeCrop } from '../node-kinds/resizeCrop.ts'
import { sample } from '../node-kinds/sample.ts'
import { softmax } from '../node-kinds/softmax.ts'
import { table } from '../node-kinds/table.ts'
import { tcpTransport } from '../node-kinds/tcpTransport.ts'
import { topLabels } from '../node-kinds/topLabels.ts'
import { webpDecoder } from '../node-kinds/webpDecoder.ts'
import { webpEncoder } from '../node-kinds/webpEncoder.ts'
import { websocketTransport } from '../node-kinds/websocketTransport.ts'
import { zip } from '../node-kinds/zip.ts'
import { zstdDecoder } from '../node-kinds/zstdDecoder.ts'
import { zstdEncoder } from '../node-kinds/zstdEncoder.ts'
import type { NumericDataType } from '../tensor/dataType.ts'
import { callerOf, moduleOf } from './kindModule.ts'
import type {
  ModuleOptions,
  Placement,
  SymbolicSink,
  SymbolicTensor,
  SymbolicType,
  TypedTensor,
} from './symbolicTensor.ts'

/** A module with one input and one output of fixed dtypes. What is not known before the run is taken everywhere. */
export type Step<Input extends SymbolicType, Output extends SymbolicType> = (
  tensor: SymbolicTensor<Input | 'unknown'>,
) => TypedTensor<Output>

/** A module that gives the dtype it takes. */
type SameType = <D extends SymbolicType>(tensor: TypedTensor<D>) => TypedTensor<D>
/** A module that gives as many streams as it takes. */
type Join = <const Tensors extends readonly SymbolicTensor[]>(...tensors: Tensors) => Tensors
type Sink = (tensor: SymbolicTensor) => SymbolicSink
type Compare = (
  one: SymbolicTensor<NumericDataType | 'unknown'>,
  other: SymbolicTensor<NumericDataType | 'unknown'>,
) => readonly [share: TypedTensor<'float32'>, match: TypedTensor<'uint8'>]

export const Resize = moduleOf<Step<'uint8', 'uint8'>>()(resizeCrop)
export const Normalize = moduleOf<Step<'uint8', 'float32'>>()(normalize)
export const Layout = moduleOf<SameType>()(layout)

export const QuantizeRans = moduleOf<Step<'float32', 'bytes'>>()(quantizeRans)
export const DequantizeRans = moduleOf<Step<'bytes', 'float32'>>()(dequantizeRans)
export const JpegEncoder = moduleOf<Step<'uint8' | 'float32', 'bytes'>>()(jpegEncoder)
/** Decoders give back what was encoded: a picture or features. */
export const JpegDecoder = moduleOf<Step<'bytes', 'unknown'>>()(jpegDecoder)
export const PngEncoder = moduleOf<Step<'uint8' | 'float32', 'bytes'>>()(pngEncoder)
export const PngDecoder = moduleOf<Step<'bytes', 'unknown'>>()(pngDecoder)
export const WebpEncoder = moduleOf<Step<'uint8' | 'float32', 'bytes'>>()(webpEncoder)
export const WebpDecoder = moduleOf<Step<'bytes', 'unknown'>>()(webpDecoder)
export const ZstdEncoder = moduleOf<Step<NumericDataType | 'bytes', 'bytes'>>()(zstdEncoder)
export const ZstdDecoder = moduleOf<Step<'bytes', 'unknown'>>()(zstdDecoder)

/** Where a transport leads: a device of the model, or a server by its address. */
export interface TransportParams {
  readonly to: Placement
}

/** Carries any tensor to another device over TCP, unchanged. */
export function TcpTransport(params: TransportParams, options?: Omit<ModuleOptions, 'device'>): SameType {
  return callerOf(tcpTransport, {}, { ...options, device: params.to }) as SameType // its output is its input
}

/** Carries any tensor to another device over a WebSocket, unchanged. */
export function WebSocketTransport(params: TransportParams, options?: Omit<ModuleOptions, 'device'>): SameType {
  return callerOf(websocketTransport, {}, { ...options, device: params.to }) as SameType // its output is its input
}

export const Zip = moduleOf<Join>()(zip)
export const LatestJoin = moduleOf<Join>()(latestJoin)
export const Merge =
  moduleOf<<D extends SymbolicType>(...tensors: readonly TypedTensor<D>[]) => TypedTensor<D>>()(merge)
export const Sample = moduleOf<SameType>()(sample)
export const Batch = moduleOf<SameType>()(batch)

export const Softmax = moduleOf<Step<'float32', 'float32'>>()(softmax)
export const TopLabels = moduleOf<Step<'float32', 'string'>>()(topLabels)
export const Argmax = moduleOf<Step<NumericDataType, 'int32'>>()(argmax)
/** Called on the reference and the candidate. */
export const Agreement = moduleOf<Compare>()(agreement)
/** Called on the prediction and the true class. */
export const Accuracy = moduleOf<Compare>()(accuracy)

export const Table = moduleOf<Sink>()(table)
export const Recorder = moduleOf<Sink>()(recorder)

/** Converts elements of any numeric type to `dtype`, float32 unless told otherwise; the shape stays. */
export function Cast<const D extends NumericDataType = 'float32'>(
  params: { readonly dtype?: D } = {},
  options?: ModuleOptions,
): Step<NumericDataType, D> {
  return callerOf(cast, params as JsonObject, options) as Step<NumericDataType, D> // the kind gives the dtype it is told
}

/** Params of an ONNX model, with the names of its outputs kept in the type. */
type OnnxParams<Names extends readonly string[]> = Omit<KindParams<'onnx-model'>, 'outputs' | 'inputs'> & {
  readonly inputs?: readonly string[]
  readonly outputs?: Names
}

/** One tensor for one output, otherwise one each, in the order of `outputs`. */
type OnnxOutputs<Names extends readonly string[]> = Names extends readonly [string, string, ...string[]]
  ? { readonly [Index in keyof Names]: TypedTensor<'float32'> }
  : TypedTensor<'float32'>

/**
 * A network or a part of it, called on its input tensors in their order. Outputs count as float32 for the compiler,
 * which is what networks give; what they really are is checked when the graph is built.
 */
export function OnnxModel<const Names extends readonly string[] = readonly [string]>(
  params: OnnxParams<Names>,
  options?: ModuleOptions,
): (...tensors: readonly SymbolicTensor[]) => OnnxOutputs<Names> {
  unwrap(onnxModel.parseParams(params as JsonObject)) // fails here, not only when it is called
  return callerOf(onnxModel, params as JsonObject, options) as (
    ...tensors: readonly SymbolicTensor[]
  ) => OnnxOutputs<Names>
}
