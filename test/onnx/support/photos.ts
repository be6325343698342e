import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import sharp from 'sharp'
import { repository } from '../../support/colliflow.ts'

/** float32 [1, 3, 224, 224], RGB from -1 to 1, of each sample photo, by file name. */
export async function loadPhotos(): Promise<ReadonlyMap<string, Float32Array>> {
  const folder = resolve(repository, 'models/photos')
  const names = readdirSync(folder).filter((name) => /\.(jpg|png)$/.test(name))
  return new Map(await Promise.all(names.map(async (name) => [name, await loadPhoto(resolve(folder, name))] as const)))
}

async function loadPhoto(path: string): Promise<Float32Array> {
  const size = 224
  const pixels = await sharp(path)
    .resize(size, size, { fit: 'cover' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer()
  const values = new Float32Array(3 * size * size)
  for (let pixel = 0; pixel < size * size; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      values[channel * size * size + pixel] = (pixels[pixel * 3 + channel] ?? 0) / 127.5 - 1
    }
  }
  return values
}
