/** Tells an iterator that is not exhausted that nobody asks it again, and waits until it has cleaned up. */
export async function closeIterator(iterator: AsyncIterator<unknown> | undefined): Promise<void> {
  await iterator?.return?.()
}
