import { type MethodDefinition, makeClientConstructor, type ServiceDefinition } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'

export interface GrpcBytes {
  readonly data: Uint8Array
}

export const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }

/** service Bench { rpc Exchange (stream Bytes) returns (stream Bytes); }  message Bytes { bytes data = 1; } */
const definition = fromJSON({
  nested: {
    Bytes: { fields: { data: { type: 'bytes', id: 1 } } },
    Bench: {
      methods: {
        Exchange: {
          requestType: 'Bytes',
          requestStream: true,
          responseType: 'Bytes',
          responseStream: true,
          comment: '',
        },
      },
    },
  },
})

// The package that was just defined has exactly this service.
export const benchService = definition.Bench as ServiceDefinition
export const BenchClient = makeClientConstructor(benchService, 'Bench')
export const exchange = benchService.Exchange as MethodDefinition<GrpcBytes, GrpcBytes>
