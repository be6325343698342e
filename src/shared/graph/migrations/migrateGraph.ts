import { BugError } from '../../errors/bugError.ts'
import { type Result, success } from '../../errors/result.ts'
import { graphVersion, type JsonObject } from '../graph.ts'
import { fromVersion0 } from './fromVersion0.ts'

/**
 * One step: a document of its version to the next. It changes only what that step is about and lets everything else
 * pass; it never changes again once it is released. The schema judges the result, so a step need not validate.
 */
export type Migration = (document: JsonObject) => Result<JsonObject>

/** The step from version n stands at index n. */
const migrations: readonly Migration[] = [fromVersion0]

/** Brings a document of any earlier version to the present one, step by step (rule G2). */
export function migrateGraph(document: JsonObject): Result<JsonObject> {
  let current = document
  for (let version = Number(document.version); version < graphVersion; version++) {
    const migrate = migrations[version]
    if (migrate === undefined) throw new BugError(`There is no migration from graph version ${version}`)
    const next = migrate(current)
    if (!next.ok) return next
    current = { ...next.value, version: version + 1 }
  }
  return success(current)
}
