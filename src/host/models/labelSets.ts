import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { z } from 'zod'
import { sha256 } from '../../node/sha256.ts'
import { AppError } from '../../shared/errors/appError.ts'
import { failure, type Result, success } from '../../shared/errors/result.ts'
import { closestName } from '../../shared/graph/closestName.ts'
import type { LabelSetSummary } from '../../shared/graph/graphResources.ts'
import { readText } from '../documents/graphFile.ts'
import { writeNewFile } from './writeNewFile.ts'

const maxLabels = 100_000
const extension = '.json'
const labelFile = z.object({ names: z.array(z.string()).min(1).max(maxLabels) })
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * Names of classes by id, from files `<id>.json` in these folders (the first one that has it). The set of a network with
 * one class more than names has "background" as class 0. Fails with `model.labels-missing` or `file.unreadable`.
 */
export async function loadLabelSet(folders: readonly string[], id: string): Promise<Result<LabelSetSummary>> {
  const path = idPattern.test(id) ? findFile(folders, id) : undefined
  if (path === undefined) return failure(await missingLabels(folders, id))
  const text = await readText(path)
  if (!text.ok) return text
  try {
    return success({ id, names: labelFile.parse(JSON.parse(text.value)).names })
  } catch (cause) {
    return failure(new AppError('file.unreadable', `${path} is no label set: it has no list of names.`, { cause }))
  }
}

/**
 * Copies a text file with one name a line into `folder` as a label set and gives its id: the name of the file, with a
 * piece of its hash where another set has that name. Fails with file.* or `model.labels-missing` for an empty file.
 */
export async function importLabels(path: string, folder: string, folders: readonly string[]): Promise<Result<string>> {
  const text = await readText(path)
  if (!text.ok) return text
  const names = text.value
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
  while (names.at(-1) === '') names.pop()
  if (names.length === 0 || names.length > maxLabels) {
    const message = `${path} has ${names.length} lines; a label set has one name a line, at most ${maxLabels}.`
    return failure(new AppError('model.labels-missing', message))
  }
  const content = `${JSON.stringify({ names }, undefined, 2)}\n`
  const stem =
    basename(path, extname(path))
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 50) || 'labels'
  const taken = await loadLabelSet(folders, stem)
  const isSame = taken.ok && JSON.stringify(taken.value.names) === JSON.stringify(names)
  if (isSame) return success(stem)
  const isFree = !taken.ok && findFile(folders, stem) === undefined
  const id = isFree ? stem : `${stem}-${sha256(content).slice(0, 8)}`
  const written = await writeNewFile(join(folder, `${id}${extension}`), content)
  return written.ok ? success(id) : written
}

function findFile(folders: readonly string[], id: string): string | undefined {
  return folders.map((folder) => join(folder, `${id}${extension}`)).find((path) => existsSync(path))
}

async function missingLabels(folders: readonly string[], id: string): Promise<AppError> {
  const ids: string[] = []
  for (const folder of folders) {
    const files = await readdir(folder).catch(() => []) // a cache without label sets has no such folder
    ids.push(...files.filter((file) => file.endsWith(extension)).map((file) => basename(file, extension)))
  }
  const close = closestName(id, ids)
  const hint = close === undefined ? `There is ${ids.join(', ')}` : `Did you mean ${close}`
  return new AppError('model.labels-missing', `No label set is named ${id}. ${hint}${close === undefined ? '.' : '?'}`)
}
