import { z } from 'zod'
import { AppError } from '../errors/appError.ts'
import { delayUntil } from './delay.ts'
import type { BlobRef, NodeContext } from './nodeContext.ts'
import { defineNodeKind, type SourceFrame } from './nodeKind.ts'
import { pictureSpec } from './portSpecs.ts'

export const imageExtensions: readonly string[] = ['jpg', 'jpeg', 'png', 'webp']

/** Pictures of a folder in the order of their names; what cannot be decoded is skipped with a warning. */
export const imageFolder = defineNodeKind({
  id: 'image-folder',
  version: 1,
  label: 'Image folder',
  group: 'Sources',
  summary: 'Reads the JPEG, PNG and WebP pictures of a folder, one frame each.',
  role: 'source',
  params: z.strictObject({
    path: z.string().min(1).describe('Folder of pictures; a relative path starts at the folder of the graph file.'),
    fps: z.number().min(0).max(240).default(0).describe('Frames a second; 0 is as fast as the graph takes them.'),
    loop: z.boolean().default(false).describe('Whether to begin again after the last picture.'),
  }),
  inputs: {},
  outputs: { image: { label: 'Image' } },
  numbering: 'fresh',
  inferOutputs: () => ({ image: pictureSpec }),
  assets: ({ path }) => ({ pictures: { type: 'folder', path, extensions: imageExtensions } }),
  async *produce({ fps, loop }, context) {
    const pictures = context.assets.pictures ?? []
    const startNs = context.clock.nowNs()
    let decoded = 0
    let index = 0
    let next = decodeAt(pictures, index, context)
    while (next !== undefined && !context.signal.aborted) {
      const frame = await next
      const due = index++
      const endsRound = index % pictures.length === 0
      if ('outputs' in frame) decoded++
      // A loop over files of which none is a picture would turn for ever without a frame.
      const goesOn = !endsRound || (loop && decoded > 0)
      // One picture ahead: it is decoded while the one before it is on its way.
      next = goesOn ? decodeAt(pictures, index % pictures.length, context) : undefined
      next?.catch(() => undefined) // looked at in the next round, unless the run ends before
      if (fps > 0) await delayUntil(context.clock, startNs + (due * 1e9) / fps, context.signal)
      if (context.signal.aborted) return
      yield frame
    }
  },
})

function decodeAt(pictures: readonly BlobRef[], index: number, context: NodeContext): Promise<SourceFrame> | undefined {
  const picture = pictures[index]
  return picture === undefined ? undefined : decodePicture(picture, context)
}

async function decodePicture({ hash, name }: BlobRef, context: NodeContext): Promise<SourceFrame> {
  const source = name === undefined ? {} : { source: name }
  const startNs = context.clock.nowNs()
  try {
    const image = await context.images.decode(await context.readBlob(hash))
    return { outputs: { image }, computeNs: context.clock.nowNs() - startNs, ...source }
  } catch (error) {
    if (!(error instanceof AppError) || !error.code.startsWith('image.')) throw error
    return { skipped: error, ...source }
  }
}
