import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tempFolder } from '../../../test/support/tempFolder.ts'
import { sha256 } from '../../node/sha256.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { type Catalogue, findEntry, readCatalogue } from './catalogue.ts'
import type { DownloadProgress } from './download.ts'
import { pullModel } from './modelHub.ts'
import { createModelLibrary } from './modelLibrary.ts'

const model = readFileSync(new URL('../../../models/mobilenet_v2.onnx', import.meta.url))
const path = 'validated/vision/net/model/net-12.onnx'
const catalogue: Catalogue = {
  source: 'test',
  commit: '0',
  licence: 'Apache-2.0',
  models: [
    {
      name: 'Net',
      path,
      opset: 12,
      sha256: sha256(model),
      bytes: model.length,
      preset: 'imagenet-tf',
      labels: 'imagenet',
    },
    { name: 'Net', path: 'validated/vision/net/model/net-7.onnx', opset: 7, sha256: '0'.repeat(64), bytes: 9 },
  ],
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server on loopback that answers as told, and what it was asked for. */
async function serve(
  answer: Answer,
): Promise<{ readonly baseUrl: string; readonly asked: { url: string; range: string | undefined }[] }> {
  const asked: { url: string; range: string | undefined }[] = []
  const server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', range: request.headers.range })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  return { baseUrl: `http://127.0.0.1:${port}/zoo/`, asked }
}

/** Sends the rest of the model from where the request says; `cutAt` breaks the connection at that byte of the file. */
function sendRange(cutAt?: number): Answer {
  return (request, response) => {
    const from = Number(request.headers.range?.match(/^bytes=(\d+)-$/)?.[1] ?? 0)
    const headers = {
      'content-length': model.length - from,
      'content-range': `bytes ${from}-${model.length - 1}/${model.length}`,
    }
    response.writeHead(request.headers.range === undefined ? 200 : 206, headers)
    if (cutAt === undefined || cutAt <= from) return void response.end(model.subarray(from))
    response.write(model.subarray(from, cutAt), () => response.destroy())
  }
}

function partFile(cacheFolder: string): string {
  return join(cacheFolder, 'downloads', `${sha256(model)}.part`)
}

describe('pullModel', () => {
  test('fetches the file below the base address, checks it and adds it with the facts of the catalogue', async () => {
    const cacheFolder = tempFolder()
    const { baseUrl, asked } = await serve(sendRange())
    const seen: DownloadProgress[] = []
    const pulled = unwrap(
      await pullModel('net', { baseUrl, cacheFolder, catalogue, onProgress: (each) => seen.push(each) }),
    )
    expect(pulled).toMatchObject({
      name: 'net-12',
      preset: 'imagenet-tf',
      labels: 'imagenet',
      licence: 'Apache-2.0',
      sha256: sha256(model),
    })
    expect(asked).toEqual([{ url: `/zoo/${path}`, range: undefined }])
    expect(readFileSync(pulled.file).equals(model)).toBe(true)
    expect(readdirSync(join(cacheFolder, 'downloads'))).toEqual([])
    expect(seen.at(-1)).toMatchObject({ bytes: model.length, totalBytes: model.length })
    expect(seen.every(({ bytes }, index) => index === 0 || bytes >= (seen[index - 1]?.bytes ?? 0))).toBe(true)
    expect((await createModelLibrary({ cacheFolder }).load('net-12')).ok).toBe(true)
  })

  test('does not ask the server for a model that is there', async () => {
    const cacheFolder = tempFolder()
    const { baseUrl, asked } = await serve(sendRange())
    await pullModel('net', { baseUrl, cacheFolder, catalogue })
    expect((await pullModel('Net', { baseUrl, cacheFolder, catalogue })).ok).toBe(true)
    expect(asked).toHaveLength(1)
  })

  test('goes on from where the connection broke, within one call', async () => {
    const cacheFolder = tempFolder()
    let count = 0
    const { baseUrl, asked } = await serve((request, response) => {
      count++
      sendRange(count < 3 ? count * 1_000_000 : undefined)(request, response)
    })
    expect((await pullModel('net', { baseUrl, cacheFolder, catalogue })).ok).toBe(true)
    expect(asked.length).toBeGreaterThanOrEqual(2)
    expect(asked[1]?.range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  test('goes on in the next call from what a failed one left behind', async () => {
    const cacheFolder = tempFolder()
    let isDown = false
    const first = await serve((request, response) => {
      if (isDown) return void response.writeHead(503).end()
      isDown = true
      sendRange(2_000_000)(request, response)
    })
    const failed = await pullModel('net', { baseUrl: first.baseUrl, cacheFolder, catalogue })
    expect(failed.ok ? 'fine' : failed.error.code).toBe('model.download-failed')
    const left = statSync(partFile(cacheFolder)).size
    expect(left).toBeGreaterThan(0)
    const second = await serve(sendRange())
    expect((await pullModel('net', { baseUrl: second.baseUrl, cacheFolder, catalogue })).ok).toBe(true)
    expect(second.asked).toEqual([{ url: `/zoo/${path}`, range: `bytes=${left}-` }])
  })

  test('starts again from the first byte where the server knows no ranges', async () => {
    const cacheFolder = tempFolder()
    let count = 0
    const { baseUrl, asked } = await serve((_, response) => {
      count++
      response.writeHead(200, { 'content-length': model.length })
      if (count > 1) return void response.end(model)
      response.write(model.subarray(0, 1_500_000), () => response.destroy())
    })
    expect((await pullModel('net', { baseUrl, cacheFolder, catalogue })).ok).toBe(true)
    expect(asked).toHaveLength(2)
  })

  test('deletes what has another SHA-256 and says both', async () => {
    const cacheFolder = tempFolder()
    const other = Buffer.from(model)
    other[1_000_000] = (other[1_000_000] ?? 0) ^ 1
    const { baseUrl } = await serve((_, response) => void response.end(other))
    const pulled = await pullModel('net', { baseUrl, cacheFolder, catalogue })
    expect(pulled.ok ? {} : { code: pulled.error.code, details: pulled.error.details }).toMatchObject({
      code: 'model.hash-mismatch',
      details: { expected: sha256(model), found: sha256(other) },
    })
    expect(readdirSync(join(cacheFolder, 'downloads'))).toEqual([])
    expect(await createModelLibrary({ cacheFolder }).show('net-12')).toMatchObject({ ok: false })
  })

  test('takes no more bytes than the catalogue announces and one', async () => {
    const cacheFolder = tempFolder()
    const { baseUrl } = await serve((_, response) => void response.end(Buffer.concat([model, model])))
    const seen: number[] = []
    const pulled = await pullModel('net', {
      baseUrl,
      cacheFolder,
      catalogue,
      onProgress: ({ bytes }) => seen.push(bytes),
    })
    expect(pulled.ok ? 'fine' : pulled.error.code).toBe('model.hash-mismatch')
    expect(Math.max(...seen)).toBe(model.length + 1)
  })

  test('says what the server answered', async () => {
    const { baseUrl, asked } = await serve((_, response) => void response.writeHead(404).end('<html>no</html>'))
    const pulled = await pullModel('net', { baseUrl, cacheFolder: tempFolder(), catalogue })
    expect(pulled.ok ? '' : `${pulled.error.code} ${pulled.error.message}`).toMatch(
      /^model.download-failed .*404 Not Found/,
    )
    expect(asked).toHaveLength(1)
  })

  test('says that nobody answers', async () => {
    const pulled = await pullModel('net', { baseUrl: 'http://127.0.0.1:1/', cacheFolder: tempFolder(), catalogue })
    expect(pulled.ok ? 'fine' : pulled.error.code).toBe('model.download-failed')
  })

  test('keeps what has arrived when it is stopped', async () => {
    const cacheFolder = tempFolder()
    const controller = new AbortController()
    const { baseUrl } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': model.length })
      response.write(model.subarray(0, 500_000))
    })
    const onProgress = ({ bytes }: DownloadProgress): void => {
      if (bytes >= 500_000) controller.abort()
    }
    const pulled = await pullModel('net', { baseUrl, cacheFolder, catalogue, signal: controller.signal, onProgress })
    expect(pulled.ok ? 'fine' : pulled.error.code).toBe('run.cancelled')
    expect(statSync(partFile(cacheFolder)).size).toBe(500_000)
  })

  // Writing to this device fails as writing to a full disk does.
  test.runIf(existsSync('/dev/full'))('says that the disk is full', async () => {
    const cacheFolder = tempFolder()
    mkdirSync(join(cacheFolder, 'downloads'))
    symlinkSync('/dev/full', partFile(cacheFolder))
    const { baseUrl } = await serve(sendRange())
    const pulled = await pullModel('net', { baseUrl, cacheFolder, catalogue })
    expect(pulled.ok ? '' : `${pulled.error.code} ${pulled.error.message}`).toMatch(/^file.write-failed .*disk is full/)
  })

  test('reads the base address from COLLIFLOW_HUB_URL', async () => {
    const { baseUrl, asked } = await serve(sendRange())
    process.env.COLLIFLOW_HUB_URL = baseUrl
    onTestFinished(() => {
      delete process.env.COLLIFLOW_HUB_URL
    })
    await pullModel('net', { cacheFolder: tempFolder(), catalogue })
    expect(asked).toHaveLength(1)
  })
})

describe('findEntry in the shipped catalogue', () => {
  async function pathOf(wanted: string): Promise<string> {
    const found = findEntry(unwrap(await readCatalogue()), wanted)
    return found.ok ? found.value.path : found.error.message
  }

  test('takes the newest operator set of a name, whatever its case', async () => {
    expect(await pathOf('squeezenet 1.0')).toMatch(/squeezenet1\.0-12\.onnx$/)
    expect(await pathOf('VGG 16')).toMatch(/vgg16-7\.onnx$/)
  })

  test('takes an exact path or file name', async () => {
    expect(await pathOf('squeezenet1.0-8')).toMatch(/squeezenet1\.0-8\.onnx$/)
    expect(await pathOf('validated/vision/classification/alexnet/model/bvlcalexnet-9.onnx')).toMatch(
      /bvlcalexnet-9\.onnx$/,
    )
  })

  test('has a file name of its own for each entry', async () => {
    const { models } = unwrap(await readCatalogue())
    expect(models).toHaveLength(93)
    expect(new Set(models.map((entry) => entry.path.split('/').at(-1))).size).toBe(93)
  })

  test('proposes names like the one that is not there', async () => {
    expect(await pathOf('resnet-50')).toMatch(/Did you mean ResNet50-caffe2, .*ResNet50/)
    expect(await pathOf('Mobilenet')).toMatch(/MobileNet v2/)
  })
})
