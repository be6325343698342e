import { isFeatureShape, tileFeatures, untileFeatures } from '../codecs/featureTiles.ts'
import { decodeTilePayload, encodeTilePayload } from '../codecs/tilePayload.ts'
import { AppError } from '../errors/appError.ts'
import type { SpecMap } from '../graph/kindRegistry.ts'
import { bytesTensor, createTensor, type Tensor } from '../tensor/tensor.ts'
import { formatSpec, type TensorSpec } from '../tensor/tensorSpec.ts'
import type { NodeContext } from './nodeContext.ts'
import { type InferredOutputs, type NodeInputs, type NodeOutputs, refuseInput } from './nodeKind.ts'
import { formatTensor, takeInput, takeTyped } from './takeInput.ts'

export type ImageFormat = 'jpeg' | 'png' | 'webp'

/** What the image encoders take: pictures as they come from sources, features as they come from models. */
export const imageEncoderPort = { label: 'Picture or features', accepts: ['uint8', 'float32'] } as const

/** Type of an encoder's bytes: codec "jpeg" of a picture, "jpeg-tiles" of features. */
export function inferEncodedImage(format: ImageFormat, { tensor }: SpecMap): InferredOutputs {
  if (tensor === undefined) return {}
  if (!isPictureSpec(tensor) && !isFeatureSpec(tensor)) {
    const message = `An image encoder takes a picture, uint8 [H,W,3] or [H,W,1], or features, float32 [1,C,H,W], found ${formatSpec(tensor)}.`
    return refuseInput('tensor', message, adapterOf(tensor))
  }
  const codec = isPictureSpec(tensor) ? format : `${format}-tiles`
  return { bytes: { dtype: 'bytes', shape: [null], encoding: { codec, tensor } } }
}

/** Type of a decoder's tensor: what was encoded, nothing where that is not known. */
export function inferDecodedImage(format: ImageFormat, { bytes }: SpecMap): InferredOutputs {
  if (bytes?.encoding === undefined) return {}
  const { codec, tensor } = bytes.encoding
  if (codec === format || codec === `${format}-tiles`) return tensor === undefined ? {} : { tensor }
  return refuseInput(
    'bytes',
    `A ${format} decoder takes bytes of ${format} or ${format}-tiles, found ${formatSpec(bytes)}.`,
  )
}

/** Fails with `tensor.shape-mismatch` for what is neither picture nor features. */
export async function encodeImageFrame(
  inputs: NodeInputs,
  format: ImageFormat,
  quality: number,
  { images }: NodeContext,
): Promise<NodeOutputs> {
  const tensor = takeInput(inputs, 'tensor')
  if (tensor.dtype === 'uint8' && isPictureSpec(tensor)) {
    return { bytes: bytesTensor(await images.encode(tensor, format, quality)) }
  }
  if (tensor.dtype === 'float32' && isFeatureSpec(tensor)) {
    const { image, range } = tileFeatures(tensor)
    const [, channels = 0, height = 0, width = 0] = tensor.shape
    const file = await images.encode(image, format, quality)
    return { bytes: bytesTensor(encodeTilePayload({ channels, height, width, range }, file)) }
  }
  throw new AppError(
    'tensor.shape-mismatch',
    `An image encoder takes uint8 [H,W,3], [H,W,1] or float32 [1,C,H,W], found ${formatTensor(tensor)}.`,
  )
}

/**
 * Pictures or features, whichever the payload begins as. Fails with `codec.payload-invalid`, `image.not-an-image` or
 * `image.too-large`.
 */
export async function decodeImageFrame(inputs: NodeInputs, { images, inputSpecs }: NodeContext): Promise<NodeOutputs> {
  const payload = takeTyped(inputs, 'bytes', 'bytes').data
  const tiles = decodeTilePayload(payload)
  if (tiles === undefined) {
    const isGrey = inputSpecs.bytes?.encoding?.tensor?.shape[2] === 1
    return { tensor: await (isGrey ? images.decodeGrey(payload) : images.decode(payload)) }
  }
  const { channels, height, width, range } = tiles.header
  const shape = [1, channels, height, width]
  checkAnnounced(shape, inputSpecs.bytes?.encoding?.tensor)
  const image = await images.decodeGrey(tiles.file)
  const features = untileFeatures({ image, range }, shape)
  if (features !== undefined) return { tensor: features }
  throw new AppError(
    'codec.payload-invalid',
    `Tiles of ${formatTensor(createTensor('float32', shape, new Float32Array(0)))} do not fit a picture of ${formatTensor(image)}.`,
  )
}

function checkAnnounced(shape: readonly number[], spec: TensorSpec | undefined): void {
  const fits =
    spec?.shape.every((dimension, axis) => typeof dimension !== 'number' || dimension === shape[axis]) ?? true
  if (fits) return
  const expected = spec === undefined ? '' : formatSpec(spec)
  throw new AppError('codec.payload-invalid', `Feature tiles hold [${shape.join(',')}], expected ${expected}.`)
}

function isPictureSpec({ dtype, shape }: TensorSpec | Tensor): boolean {
  return dtype === 'uint8' && shape.length === 3 && (shape[2] === 3 || shape[2] === 1)
}

/** A symbolic batch is one picture a frame until a frame says otherwise. */
function isFeatureSpec({ dtype, shape }: TensorSpec | Tensor): boolean {
  return dtype === 'float32' && (isFeatureShape(shape) || (shape.length === 4 && typeof shape[0] !== 'number'))
}

function adapterOf({ dtype, shape }: TensorSpec) {
  return dtype === 'uint8' && shape.length === 4 ? { kind: 'layout', params: { to: 'HWC' } } : undefined
}
