import type { GraphDocument } from 'onnx-buf'

export type Document = GraphDocument
