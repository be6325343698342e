import { fileURLToPath } from 'node:url'

/**
 * Path of a script given relative to the module at `moduleUrl` and without its extension: ".ts" when running from the
 * sources (Node strips the types), ".js" from the build, which mirrors the tree.
 */
export function siblingScript(moduleUrl: string, relative: string): string {
  const extension = moduleUrl.endsWith('.ts') ? '.ts' : '.js'
  return fileURLToPath(new URL(`${relative}${extension}`, moduleUrl))
}
