import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema } from 'onnx-buf'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { createTensor, type Tensor } from '../../src/shared/tensor/tensor.ts'

/** Models and photos beside the repository; what needs them is left out where they are not. */
export const sharedFolder = fileURLToPath(new URL('../../../shared/', import.meta.url))

const side = 224
const caffeMean = [103.939, 116.779, 123.68]

export type BenchPreset = 'imagenet-tf' | 'imagenet-caffe'

/** A network that also gives the tensors of some cuts. */
export interface CutNetwork {
  /** Tensors by cut for one photo file. */
  run(photo: string): Promise<ReadonlyMap<string, Tensor<'float32'>>>
}

/** Paths of the validation photos, by name. */
export async function valPhotos(): Promise<readonly string[]> {
  const folder = join(sharedFolder, 'photos/val300')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.JPEG'))
  return names.sort().map((name) => join(folder, name))
}

/** Loads ../shared/models/<model>.onnx with the tensors of `cuts` added to its outputs. */
export async function openCutNetwork(model: string, preset: BenchPreset, cuts: readonly string[]): Promise<CutNetwork> {
  const proto = fromBinary(ModelProtoSchema, await readFile(join(sharedFolder, `models/${model}.onnx`)))
  for (const cut of cuts) proto.graph?.output.push(floatValue(cut))
  const session = await InferenceSession.create(toBinary(ModelProtoSchema, proto))
  const [input = ''] = session.inputNames
  return {
    async run(photo) {
      const values = preprocess(await loadPhoto(photo), preset)
      const results = await session.run({ [input]: new OrtTensor('float32', values, [1, 3, side, side]) }, [...cuts])
      return new Map(
        cuts.map((cut) => {
          const result = results[cut]
          if (!(result?.data instanceof Float32Array)) throw new Error(`${model} gave no float32 ${cut}`)
          return [cut, createTensor('float32', result.dims, result.data)]
        }),
      )
    },
  }
}

function floatValue(name: string) {
  const float32 = 1
  const value = create(TypeProto_TensorSchema, { elemType: float32 })
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: 'tensorType', value } }) })
}

/** RGB of the middle of the photo, its shorter side scaled to 224. */
async function loadPhoto(path: string): Promise<Uint8Array> {
  return sharp(path)
    .resize({ width: side, height: side, fit: 'cover', position: 'centre' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer()
}

/** [H, W, 3] RGB to [3, H, W] as the network was trained. */
function preprocess(pixels: Uint8Array, preset: BenchPreset): Float32Array {
  const values = new Float32Array(3 * side * side)
  for (let channel = 0; channel < 3; channel++) {
    for (let pixel = 0; pixel < side * side; pixel++) {
      const value =
        preset === 'imagenet-tf'
          ? (pixels[pixel * 3 + channel] ?? 0) / 127.5 - 1
          : (pixels[pixel * 3 + 2 - channel] ?? 0) - (caffeMean[channel] ?? 0)
      values[channel * side * side + pixel] = value
    }
  }
  return values
}
