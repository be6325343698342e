import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { unwrap } from '../errors/result.ts'
import { createTensor } from '../tensor/tensor.ts'
import { createCalibratedCodec } from './calibratedCodec.ts'
import { parseCalibration, quantizerOf, writeCalibration } from './calibration.ts'
import { quantize } from './quantizer.ts'

const folder = new URL('./fixtures/', import.meta.url)
const vectorSchema = z.object({ name: z.string(), says: z.string(), shape: z.array(z.int()) })
const names = ['signed-16', 'rectified-16', 'two-levels', 'all-levels', 'channels-last', 'vector', 'awkward']

describe.each(names)('golden vector %s', (name) => {
  const { shape } = vectorSchema.parse(JSON.parse(text(`${name}.json`)))
  const calibration = unwrap(parseCalibration(text(`${name}.calibration.json`)))
  const values = floats(`${name}.values.bin`)
  const codec = createCalibratedCodec(calibration)

  it('[C1] quantises to these symbols', () => {
    expect(quantize(values, quantizerOf(calibration))).toEqual(bytes(`${name}.symbols.bin`))
  })

  it('[C4] [C5] [C6] [C7] [C8] is coded to this payload', () => {
    expect(codec.encode(createTensor('float32', shape, values))).toEqual(bytes(`${name}.payload.bin`))
  })

  it('[C2] [C9] is decoded to these values', () => {
    const decoded = codec.decode(bytes(`${name}.payload.bin`))
    expect(decoded).toEqual(createTensor('float32', shape, floats(`${name}.decoded.bin`)))
  })

  it('has a calibration whose text is written as it was read', () => {
    expect(writeCalibration(calibration)).toBe(text(`${name}.calibration.json`))
  })
})

function bytes(file: string): Uint8Array {
  return new Uint8Array(readFileSync(fileURLToPath(new URL(file, folder))))
}

function floats(file: string): Float32Array {
  return new Float32Array(bytes(file).slice().buffer)
}

function text(file: string): string {
  return new TextDecoder().decode(bytes(file))
}
