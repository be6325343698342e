/**
 * Sets that only ever grow together, and by what: each union is labelled. Without path compression, so that the labels
 * between two members stay; uniting the smaller with the larger keeps a search within log2 of the members.
 */
export class UnionFind<Member, Label> {
  readonly #links = new Map<Member, { readonly parent: Member; readonly rank: number; readonly label: Label }>()
  readonly #sizes = new Map<Member, number>()
  #unions = 0

  /** The member that stands for all that are united with this one. */
  find(member: Member): Member {
    let root = member
    for (let link = this.#links.get(root); link !== undefined; link = this.#links.get(root)) root = link.parent
    return root
  }

  same(a: Member, b: Member): boolean {
    return this.find(a) === this.find(b)
  }

  unite(a: Member, b: Member, label: Label): void {
    const one = this.find(a)
    const other = this.find(b)
    if (one === other) return
    const size = (root: Member) => this.#sizes.get(root) ?? 1
    const [child, parent] = size(one) <= size(other) ? [one, other] : [other, one]
    this.#sizes.set(parent, size(one) + size(other))
    this.#links.set(child, { parent, rank: this.#unions++, label })
  }

  /** Label of the union that brought these two together; undefined for a member itself and for members still apart. */
  unitedBy(a: Member, b: Member): Label | undefined {
    if (!this.same(a, b)) return undefined
    let label: Label | undefined
    // A link is never older than those below it: the two climb, older link first, until they meet.
    for (let [low, high] = [a, b]; low !== high; ) {
      const rankOf = (member: Member) => this.#links.get(member)?.rank ?? Number.POSITIVE_INFINITY
      if (rankOf(low) > rankOf(high)) [low, high] = [high, low]
      const link = this.#links.get(low)
      if (link === undefined) return label
      label = link.label
      low = link.parent
    }
    return label
  }
}
