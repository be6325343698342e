import { embedded } from '../host/importsRuntime.ts'

export const used = embedded
