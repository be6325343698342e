import { type CalibratedCodec, createCalibratedCodec } from '../../codecs/calibratedCodec.ts'
import { parseCalibration } from '../../codecs/calibration.ts'
import { AppError } from '../../errors/appError.ts'
import { unwrap } from '../../errors/result.ts'
import type { NodeContext } from '../nodeContext.ts'

/**
 * The codec of the calibration blob that was sent with the node; `levels` are those that the graph says. Fails with
 * `device.blob-missing`, `codec.table-invalid` or `graph.calibration-mismatch`.
 */
export async function loadCalibration(context: NodeContext, levels: number | undefined): Promise<CalibratedCodec> {
  const [blob] = context.assets.calibration ?? []
  if (blob === undefined) {
    const message = 'The calibration was not sent to the device. Deploy the graph again.'
    throw new AppError('device.blob-missing', message)
  }
  const calibration = unwrap(parseCalibration(new TextDecoder().decode(await context.readBlob(blob.hash))))
  if (levels !== undefined && calibration.levels !== levels) {
    throw new AppError(
      'graph.calibration-mismatch',
      `Calibration ${blob.hash.slice(0, 12)} has ${calibration.levels} levels, the node ${levels}. Run colliflow calibrate again.`,
    )
  }
  return createCalibratedCodec(calibration)
}
