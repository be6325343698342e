import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../node/sha256.ts'
import { type Calibration, parseCalibration, writeCalibration } from '../../shared/codecs/calibration.ts'
import { AppError } from '../../shared/errors/appError.ts'
import { unwrap } from '../../shared/errors/result.ts'
import { readText, writeWhole } from './graphFile.ts'

/** Calibrations lie beside the graph, each under its content hash: "calibrations/<sha256>.json". */
const calibrationFolder = 'calibrations'

function calibrationPath(folder: string, hash: string): string {
  return join(folder, calibrationFolder, `${hash}.json`)
}

/** The text as it was hashed. Fails with graph.calibration-missing, also when the content no longer has this hash. */
export async function readCalibrationText(folder: string, hash: string): Promise<string> {
  const path = calibrationPath(folder, hash)
  const text = await readText(path)
  if (!text.ok) {
    const message = `Calibration ${short(hash)} is not at ${path}. Make it anew: colliflow calibrate FILE --photos DIR.`
    throw new AppError('graph.calibration-missing', message, { cause: text.error })
  }
  const found = sha256(text.value)
  if (found === hash) return text.value
  const message = `Calibration file ${path} was changed: its content hashes to ${short(found)}. Make it anew: colliflow calibrate FILE --photos DIR.`
  throw new AppError('graph.calibration-missing', message)
}

/** Fails with graph.calibration-missing, or with codec.table-invalid for a file that was written wrongly. */
export async function readCalibration(folder: string, hash: string): Promise<Calibration> {
  return unwrap(parseCalibration(await readCalibrationText(folder, hash)))
}

/** Stores a calibration beside the graph; gives its hash. Fails with file.write-failed. */
export async function writeCalibrationFile(folder: string, calibration: Calibration): Promise<string> {
  const text = writeCalibration(calibration)
  const hash = sha256(text)
  await mkdir(join(folder, calibrationFolder), { recursive: true })
  unwrap(await writeWhole(calibrationPath(folder, hash), text))
  return hash
}

function short(hash: string): string {
  return hash.slice(0, 12)
}
