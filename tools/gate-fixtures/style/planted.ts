import { readFileSync } from 'fs'

export default function first(values: any): string {
  return values[0]!.name + readFileSync.name
}
