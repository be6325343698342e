/**
 * Options of Node for a process that runs a device. Tensors live outside of V8's heap and are freed when the young
 * generation is collected; a device makes so few small objects that with the default of 16 MB this happens only after
 * tens of megabytes of dead tensors (docs/performance.md, memory). In MB.
 */
export const deviceProcessFlags: readonly string[] = ['--max-semi-space-size=1']
