import { randomUUID } from 'node:crypto'
import { readdir, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'

const suffix = '.part'
/** HASH.part rests until somebody goes on with it; HASH.PID-UUID.part belongs to one upload of that process. */
const claimedName = /^[0-9a-f]{64}\.(\d+)-[0-9a-f-]{36}\.part$/

/** What this process writes now, whichever store of it. A process id alone says little: containers reuse them. */
const ownClaims = new Set<string>()

/** Whether the file holds a blob in part only. */
export function isPart(name: string): boolean {
  return name.endsWith(suffix)
}

/** Whether an upload of a living process writes to the file. */
export function isClaimed(name: string): boolean {
  const pid = Number(claimedName.exec(name)?.[1] ?? 0)
  if (pid === 0) return false
  return pid === process.pid ? ownClaims.has(name) : isAlive(pid)
}

/**
 * A path that belongs to the caller alone until it releases it. What an earlier upload of the blob left behind is taken
 * over by renaming it: of several devices that share the folder one gets it, the others begin with nothing.
 */
export async function claimPart(folder: string, hash: string): Promise<string> {
  const name = `${hash}.${process.pid}-${randomUUID()}${suffix}`
  ownClaims.add(name)
  const path = join(folder, name)
  const left = (await readdir(folder)).filter((each) => each.startsWith(hash) && isPart(each) && !isClaimed(each))
  for (const each of left) {
    const taken = await rename(join(folder, each), path).then(
      () => true,
      () => false, // another device was faster
    )
    if (taken) break
  }
  return path
}

/** The path is no longer used. `keep`: what is there may be gone on with by anybody. */
export async function releasePart(folder: string, path: string, keep?: { readonly hash: string }): Promise<void> {
  if (keep !== undefined) await rename(path, join(folder, `${keep.hash}${suffix}`))
  ownClaims.delete(basename(path))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
