import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, ValueInfoProtoSchema } from 'onnx-buf'
import { repository } from '../../support/colliflow.ts'

const shared = resolve(repository, '../shared/models')

if (!existsSync(shared)) console.log(`${shared} is absent: only the shipped network is tested.`)

/** The shipped network, and two more where the folder with test models is present. */
export const networks: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
  { name: 'mobilenet_v2', path: resolve(repository, 'models/mobilenet_v2.onnx') },
  { name: 'mobilenet_v1', path: resolve(shared, 'mobilenet_v1.onnx') },
  { name: 'resnet50', path: resolve(shared, 'resnet50.onnx') },
]
  .filter(({ path }) => existsSync(path))
  .map(({ name, path }) => ({ name, bytes: new Uint8Array(readFileSync(path)) }))

/** The same network, which also gives out every value that it computes. */
export function withAllValuesAsOutputs(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes)
  if (model.graph !== undefined) {
    const names = model.graph.node.flatMap(({ output }) => output).filter(Boolean)
    model.graph.output = names.map((name) => create(ValueInfoProtoSchema, { name }))
  }
  return toBinary(ModelProtoSchema, model)
}
