import type { NodeOutputs } from '../../src/shared/node-kinds/nodeKind.ts'
import type { Frame, FrameOrigin } from '../../src/shared/wire/frame.ts'
import type { WireQueue } from './wireQueue.ts'

/** All wires that leave a node, by output port. Each has its own policy; a port without a wire leads nowhere. */
export class Outputs {
  readonly #ports: { readonly name: string; readonly wires: WireQueue[] }[] = []
  readonly #wires: WireQueue[] = []
  readonly #lossless: WireQueue[] = []

  add(port: string, wire: WireQueue): void {
    this.#wires.push(wire)
    if (wire.lossless) this.#lossless.push(wire)
    const known = this.#ports.find(({ name }) => name === port)
    if (known === undefined) this.#ports.push({ name: port, wires: [wire] })
    else known.wires.push(wire)
  }

  get lossless(): readonly WireQueue[] {
    return this.#lossless
  }

  /** Whether a frame that starts now will find a slot on every wire that does not drop. */
  hasRoom(): boolean {
    for (const wire of this.#lossless) if (!wire.hasRoom()) return false
    return true
  }

  /** Nobody behind wants anything any more. */
  allClosed(): boolean {
    return this.#wires.length > 0 && this.#wires.every(({ closed }) => closed)
  }

  /** Keeps a slot for a frame that starts now, until emit, skip or release. */
  reserve(): void {
    for (const wire of this.#lossless) wire.reserve()
  }

  release(): void {
    for (const wire of this.#lossless) wire.release()
  }

  /** Sends what a node made of frame `seq`; a port that it left out is skipped. Uses up a reservation. */
  emit(seq: number, origin: FrameOrigin, outputs: NodeOutputs, nowNs: number): void {
    this.release()
    for (const { name, wires } of this.#ports) {
      const tensor = outputs[name]
      if (tensor === undefined) {
        for (const wire of wires) wire.advance(seq + 1)
        continue
      }
      const frame: Frame = { seq, origin, tensor }
      for (const wire of wires) wire.push(frame, nowNs)
    }
  }

  /** Frame `seq` yields nothing. Uses up a reservation. */
  skip(seq: number): void {
    this.release()
    this.advance(seq + 1)
  }

  advance(bound: number): void {
    for (const wire of this.#wires) wire.advance(bound)
  }

  end(): void {
    for (const wire of this.#wires) wire.end()
  }
}
