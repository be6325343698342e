import { expect, test } from 'vitest'
import { AppError } from '../errors/appError.ts'
import { maxControlMessageBytes } from './controlMessage.ts'
import { encodeControl, fromWireError, parseRequest, toWireError } from './parseControl.ts'

test('[W6] the error names the path of the field and what was expected', () => {
  const parsed = parseRequest('{"type":"put-blob","id":1,"hash":"xyz","bytes":1}')
  expect(parsed.ok ? '' : parsed.error.message).toContain('at hash:')
})

test('[W7] an error crosses with code, message and details, without its cause', () => {
  const error = new AppError('device.disk-full', 'No room.', { details: { freeBytes: 3 }, cause: new Error('secret') })
  const crossed = fromWireError(toWireError(error))
  expect({ code: crossed.code, message: crossed.message, details: crossed.details, cause: crossed.cause }).toEqual({
    code: 'device.disk-full',
    message: 'No room.',
    details: { freeBytes: 3 },
    cause: undefined,
  })
})

test('[W7] a code of a newer version becomes device.refused and stays in the details', () => {
  const error = fromWireError({ code: 'device.on-fire', message: 'Hot.', details: { celsius: 400 } })
  expect({ code: error.code, details: error.details }).toEqual({
    code: 'device.refused',
    details: { celsius: 400, code: 'device.on-fire' },
  })
})

test('[W7] details that are not plain JSON or too long stay behind', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  for (const details of [cyclic, { big: 1n }, { long: 'x'.repeat(5000) }]) {
    expect(toWireError(new AppError('node.failed', 'It failed.', { details }))).toEqual({
      code: 'node.failed',
      message: 'It failed.',
    })
  }
})

test('[W2] a message that the peer would refuse for its length is not sent', () => {
  const client = 'x'.repeat(maxControlMessageBytes)
  expect(() => encodeControl({ type: 'hello', id: 1, versions: [1], client })).toThrow(
    expect.objectContaining({ code: 'device.limit-exceeded' }),
  )
})
