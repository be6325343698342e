/** A network as numbers: nodes by position, each behind those it reads from; values by number. Every node is needed. */
export interface CutGraph {
  /** Values that each node reads. */
  readonly reads: readonly (readonly number[])[]
  /** Values that each node makes and somebody reads. */
  readonly makes: readonly (readonly number[])[]
  readonly inputs: readonly number[]
  /** Values that leave the network: the tail has to deliver them. */
  readonly outputs: readonly number[]
}

/** A way to divide the nodes into a head and a tail, neither of them empty, such that the head never waits for the tail. */
export interface FoundCut {
  /** The values that the tail, or the caller behind it, takes from the head's side; ascending. */
  readonly values: readonly number[]
  /** Nodes before this position are in the head. */
  readonly from: number
  /** Nodes from this position on are in the tail. */
  readonly to: number
  /** Those of the nodes between that are in the head. */
  readonly between: ReadonlySet<number>
}
