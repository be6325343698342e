import type { DeployProgress } from '../host/deployer/deployGraph.ts'
import type { CommandContext } from './commandContext.ts'
import { formatBytes } from './format.ts'

/** One progress line while models travel and devices prepare. */
export function showDeployProgress({ progress }: CommandContext): (step: DeployProgress) => void {
  return ({ device, step, bytes, totalBytes }) => {
    switch (step) {
      case 'upload':
        return progress.show(`Sending to ${device}: ${formatBytes(bytes ?? 0)} of ${formatBytes(totalBytes ?? 0)}`)
      case 'prepare':
        return progress.show(`Preparing ${device} ...`)
      case 'commit':
        return progress.show(`Starting ${device} ...`)
      case 'abort':
        return progress.show(`Taking back what ${device} holds ...`)
    }
  }
}
