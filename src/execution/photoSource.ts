import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { nodeImages } from '../../runtime/node.ts'
import type { InputFrame } from '../shared/api/execution.ts'
import { AppError, messageOf } from '../shared/errors/appError.ts'
import { imageExtensions } from '../shared/node-kinds/imageFolder.ts'

/**
 * The pictures of a folder, by name, each as uint8 [H, W, 3] RGB with its file name as the source: frames for an input
 * of a model. A picture is read when the model has room for it. Fails with `file.not-found` or `image.*`.
 */
export async function* photoSource(folder: string): AsyncGenerator<InputFrame> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new AppError('file.not-found', `Folder ${folder} cannot be read: ${messageOf(cause)}.`, { cause })
  })
  for (const name of names.filter((each) => imageExtensions.includes(extname(each).slice(1).toLowerCase())).sort()) {
    yield { tensor: await nodeImages.decode(await readFile(join(folder, name))), source: name }
  }
}
