/**
 * The entry of a record under a key that comes from outside, e.g. a port called "constructor": never what the record
 * inherits from Object.
 */
export function ownValue<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}
