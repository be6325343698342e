import { z } from 'zod'
import { fileName } from '../fileName.ts'
import { defineNodeKind } from '../nodeKind.ts'
import { sinkStream } from '../sinkStream.ts'
import { takeInput } from '../takeInput.ts'
import { encodeRecord, recordingMagic } from './recording.ts'

/** Whole tensors of a stream, in the format of recording.ts; decodeRecording reads them. */
export const recorder = defineNodeKind({
  id: 'recorder',
  version: 1,
  label: 'Recorder',
  group: 'Sinks',
  summary: 'Writes every tensor of a stream into one file, to look at or to replay later.',
  role: 'sink',
  params: z.strictObject({
    file: fileName.default('recording.cfrec').describe("Name of the file in the device's output folder."),
  }),
  inputs: { value: { label: 'Value' } },
  outputs: {},
  inferOutputs: () => ({}),
  stream: (frames, { file }, { outputFiles }) =>
    sinkStream(async () => {
      const output = await outputFiles.open(file)
      try {
        await output.append(recordingMagic)
        for await (const { seq, capturedAtNs, source, inputs } of frames) {
          const tensor = takeInput(inputs, 'value')
          await output.append(encodeRecord({ seq, capturedAtNs, ...(source !== undefined && { source }), tensor }))
        }
      } finally {
        await output.close()
      }
    }),
})
