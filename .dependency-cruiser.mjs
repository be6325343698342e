// The rules are the table in tools/importTable.ts; this file lets the dependency-cruiser command find them.
import { createCruiserConfiguration } from './tools/importRules.ts'

export default createCruiserConfiguration()
