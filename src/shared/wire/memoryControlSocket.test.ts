import { expect, test } from 'vitest'
import { createMemoryControlSockets } from './memoryControlSocket.ts'

function record(heard: unknown[]) {
  return {
    onText: (text: string) => void heard.push(text),
    onBinary: (bytes: Uint8Array) => void heard.push([...bytes]),
    onClose: (error?: Error) => void heard.push({ closed: error?.message ?? 'in order' }),
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

test('what one end sends the other hears in order, later and also when it began to listen late', async () => {
  const [client, device] = createMemoryControlSockets()
  const heard: unknown[] = []
  client.sendText('one')
  client.sendBinary(new Uint8Array([2]))
  expect(heard).toEqual([])
  await settle()
  device.listen(record(heard))
  client.sendText('three')
  await settle()
  expect(heard).toEqual(['one', [2], 'three'])
})

test('closing reaches both ends once, after what was sent, and ends all sending', async () => {
  const [client, device] = createMemoryControlSockets()
  const byClient: unknown[] = []
  const byDevice: unknown[] = []
  client.listen(record(byClient))
  device.listen(record(byDevice))
  client.sendText('last')
  client.close()
  device.close()
  device.sendText('too late')
  await settle()
  expect(byDevice).toEqual(['last', { closed: 'in order' }])
  expect(byClient).toEqual([{ closed: 'in order' }])
})

test('destroying one end is a failure for the other', async () => {
  const [client, device] = createMemoryControlSockets()
  const heard: unknown[] = []
  device.listen(record(heard))
  client.destroy()
  await settle()
  expect(heard).toEqual([{ closed: 'the other side closed at once' }])
})
