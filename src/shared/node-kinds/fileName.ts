import { z } from 'zod'

/** A plain file name inside the device's output folder: no way out of it, and legal on Linux, macOS and Windows. */
export const fileName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_. -]*$/, {
    error: 'a file name of letters, digits, "_", "-", "." and spaces, no folder',
  })
