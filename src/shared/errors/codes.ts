/**
 * Every code an AppError may carry, with its meaning in one line. docs/errors.md has a paragraph for each (a test
 * compares the two lists). A code never changes its meaning; a new failure gets a new code.
 */
export const errorCodes = {
  'usage.invalid': 'The command line is wrong.',
  'usage.node-too-old': 'The program was started by a Node that is too old for it.',
  'internal.bug': 'The program contradicted itself; please report it.',
  'run.cancelled': 'The user stopped the run.',

  'file.not-found': 'A file or folder does not exist.',
  'file.unreadable': 'A file exists but cannot be read, or is not what it should be.',
  'file.write-failed': 'A file cannot be written (permissions, full disk).',
  'file.too-large': 'A file is larger than the stated limit.',

  'graph.not-json': 'The graph file is not JSON.',
  'graph.format-unknown': 'The file is JSON but not a colliflow.graph document.',
  'graph.version-unsupported': 'The graph file was written by a newer version.',
  'graph.schema-invalid': 'A field of the graph file has a wrong type or is missing.',
  'graph.kind-unknown': 'A node names a kind that is not installed.',
  'graph.params-invalid': 'A parameter of a node is out of range or of the wrong type.',
  'graph.node-missing': 'A wire or change names a node that does not exist.',
  'graph.node-exists': 'A change adds a node under an id that is taken.',
  'graph.port-missing': 'A wire names a port that the node does not have.',
  'graph.input-unconnected': 'A required input has no wire.',
  'graph.input-connected-twice': 'Two wires end in one input.',
  'graph.cycle': 'The wires form a cycle.',
  'graph.type-mismatch': 'A wire joins tensors that do not fit.',
  'graph.device-missing': 'A node names a device that the graph does not list.',
  'graph.node-unplaced': 'A node has no device although the graph has several.',
  'graph.wire-crosses-devices': 'A wire joins two devices without a transport.',
  'graph.transport-ends': 'A transport does not join the two devices that it names.',
  'graph.numbering-mixed': 'A zip joins streams whose frame numbers no longer correspond.',
  'graph.no-output': 'The graph has no output: nothing would be reported.',
  'graph.no-source': 'The graph has no source: nothing would run.',
  'graph.change-invalid': 'A change cannot be applied to this graph.',
  'graph.calibration-missing': 'A codec names a calibration that is not beside the graph.',
  'graph.calibration-mismatch': 'A calibration was made for another tensor or other levels.',

  'model.not-found': 'No model of that name is shipped or added.',
  'model.not-onnx': 'The file is not an ONNX model.',
  'model.truncated': 'The ONNX file ends early.',
  'model.graph-invalid': 'The network in an ONNX file contradicts itself.',
  'model.external-data': 'The ONNX file keeps weights in other files.',
  'model.custom-domain': 'The ONNX file uses operators outside the standard domain.',
  'model.element-type-unsupported': 'The ONNX file uses an element type we do not carry.',
  'model.operator-unsupported': 'A device has no implementation of an operator.',
  'model.cut-illegal': 'The named tensors do not separate the network into two halves.',
  'model.tensor-missing': 'The network has no tensor of that name.',
  'model.hash-mismatch': 'A model file differs from its SHA-256.',
  'model.exists': 'A different model already has that name.',
  'model.labels-missing': 'No label set of that name exists.',
  'model.load-failed': 'The inference engine refused the model.',
  'model.run-failed': 'The inference engine failed on a frame.',
  'model.download-failed': 'A model could not be fetched.',

  'tensor.shape-mismatch': 'A tensor has another shape than its spec.',
  'tensor.dtype-mismatch': 'A tensor has another dtype than its spec.',
  'tensor.too-large': 'A tensor is larger than the stated limit.',

  'codec.payload-invalid': 'Encoded bytes cannot be decoded.',
  'codec.table-invalid': 'A calibration table is malformed.',

  'image.not-an-image': 'A file is not a picture that can be decoded.',
  'image.too-large': 'A picture has more pixels than the stated limit.',

  'wire.frame-invalid': 'A tensor frame is malformed.',
  'wire.frame-too-large': 'A tensor frame announces more bytes than allowed.',
  'wire.message-invalid': 'A control message is malformed.',
  'wire.version-unsupported': 'The peer speaks another protocol version.',
  'wire.token-invalid': 'A data connection presented a wrong, used or expired token.',
  'wire.credit-exceeded': 'A peer sent more than it was granted.',

  'device.missing': 'A device of the graph has no address and no embedded device.',
  'device.unreachable': 'A device does not answer at its address.',
  'device.refused': 'A device refused to prepare its part.',
  'device.capability-missing': 'A device lacks a node kind or a transport.',
  'device.disconnected': 'A device vanished during the run.',
  'device.port-in-use': 'The port to listen on is taken.',
  'device.disk-full': 'A device has no room for a blob.',
  'device.blob-mismatch': 'Uploaded bytes differ from their hash.',
  'device.blob-missing': 'A program names a blob that the device does not hold.',
  'device.session-unknown': 'A message names a session that the device does not run.',
  'device.limit-exceeded': 'A request exceeds a limit of the device.',

  'node.failed': 'A node failed while executing a frame.',
  'engine.stopped': 'The engine stopped before the frame was done.',
  'engine.stalled': 'Nodes wait for each other and nothing can go on.',
} as const

export type ErrorCode = keyof typeof errorCodes

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value)
}
