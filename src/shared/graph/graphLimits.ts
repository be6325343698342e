/** What a document may cost before any work is spent on it (rule G3). */
export const maxGraphFileBytes = 16 * 1024 * 1024
export const maxGraphNodes = 20_000
export const maxGraphWires = 100_000
export const maxGraphDevices = 256
