import type { AttributeProto, NodeProto, TensorProto } from 'onnx-buf'

/** Attributes of a node by name; undefined where the node leaves one out. */
export interface Attributes {
  int(name: string): number | undefined
  ints(name: string): readonly number[] | undefined
  float(name: string): number | undefined
  floats(name: string): readonly number[] | undefined
  text(name: string): string | undefined
  tensor(name: string): TensorProto | undefined
}

/** The attributes of a node by name and type; undefined where the node has none of that name. */
export function attributesOf(node: NodeProto): Attributes {
  const find = (name: string): AttributeProto | undefined => node.attribute.find((each) => each.name === name)
  return {
    int: (name) => {
      const found = find(name)
      return found === undefined ? undefined : Number(found.i)
    },
    ints: (name) => find(name)?.ints.map(Number),
    float: (name) => find(name)?.f,
    floats: (name) => find(name)?.floats,
    text: (name) => {
      const found = find(name)
      return found === undefined ? undefined : new TextDecoder().decode(found.s)
    },
    tensor: (name) => find(name)?.t,
  }
}
