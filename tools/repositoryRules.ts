import { z } from 'zod'

export const maxTrackedFileBytes = 10 * 1024 * 1024

/** One line for each tracked file above the limit. */
export function largeFiles(files: readonly { readonly path: string; readonly bytes: number }[]): string[] {
  return files
    .filter(({ bytes }) => bytes > maxTrackedFileBytes)
    .map(({ path, bytes }) => `${path} has ${bytes} bytes; tracked files stay below ${maxTrackedFileBytes}`)
}

const lockfileSchema = z.looseObject({
  packages: z.record(z.string(), z.looseObject({ resolved: z.string().optional() })),
})

/** One line for each package of a package-lock.json that carries a download address. */
export function lockfileAddresses(lockfile: string): string[] {
  const { packages } = lockfileSchema.parse(JSON.parse(lockfile))
  return Object.entries(packages)
    .filter(([, { resolved }]) => resolved !== undefined)
    .map(([name]) => `package-lock.json: ${name} has an address; npm config set omit-lockfile-registry-resolved true`)
}
