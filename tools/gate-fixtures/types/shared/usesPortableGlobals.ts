export const controller: AbortController = new AbortController()
export const bytes: Uint8Array = new TextEncoder().encode('portable globals compile')
