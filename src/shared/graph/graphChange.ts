import type { DeviceId, Graph, GraphDevice, GraphNode, GraphWire, JsonValue, NodeId, PortRef } from './graph.ts'
import type { WirePolicy } from './wirePolicy.ts'

/**
 * One edit of the document. applyGraphChange gives the next graph and the exact inverse; the history of an editor is
 * a list of these. Renaming and placement are changes of their own so that a diff and an undo menu can name them.
 */
export type GraphChange =
  | { readonly type: 'set-title'; readonly title: string }
  | { readonly type: 'set-description'; readonly description: string | undefined }
  | { readonly type: 'add-device'; readonly id: DeviceId; readonly device: GraphDevice }
  | { readonly type: 'remove-device'; readonly id: DeviceId }
  | { readonly type: 'set-device'; readonly id: DeviceId; readonly device: GraphDevice }
  | {
      readonly type: 'add-node'
      readonly id: NodeId
      readonly node: GraphNode
      readonly at?: readonly [number, number]
    }
  | { readonly type: 'remove-node'; readonly id: NodeId }
  | { readonly type: 'rename-node'; readonly id: NodeId; readonly newId: NodeId }
  | { readonly type: 'set-label'; readonly id: NodeId; readonly label: string | undefined }
  | { readonly type: 'set-param'; readonly id: NodeId; readonly name: string; readonly value: JsonValue | undefined }
  | { readonly type: 'place-node'; readonly id: NodeId; readonly device: DeviceId | undefined }
  | {
      readonly type: 'set-transport-ends'
      readonly id: NodeId
      readonly from: DeviceId | undefined
      readonly to: DeviceId | undefined
    }
  /** `index` is the wire's place in `wires`, at the end if absent: inverses use it to restore the exact order. */
  | { readonly type: 'connect'; readonly wire: GraphWire; readonly index?: number }
  | { readonly type: 'disconnect'; readonly to: PortRef }
  | { readonly type: 'set-policy'; readonly to: PortRef; readonly policy: WirePolicy | undefined }
  | { readonly type: 'move-node'; readonly id: NodeId; readonly at: readonly [number, number] | undefined }
  | { readonly type: 'replace-graph'; readonly graph: Graph }
  | { readonly type: 'batch'; readonly changes: readonly GraphChange[] }
