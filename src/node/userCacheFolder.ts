import { homedir } from 'node:os'
import { join } from 'node:path'

/** Per-user folder for what can be fetched or made again: added models, blobs of devices. COLLIFLOW_HOME overrides it. */
export function userCacheFolder(environment: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (environment.COLLIFLOW_HOME) return environment.COLLIFLOW_HOME
  if (platform === 'win32') {
    return join(environment.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'colliflow')
  }
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'colliflow')
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'colliflow')
}
