import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../errors/appError.ts'
import { unwrap } from '../errors/result.ts'
import type { DeviceProgram, ProgramLink } from '../wire/deviceProgram.ts'
import {
  applyDeploymentEvent,
  createDeployment,
  type Deployment,
  type DeploymentEffect,
  type DeploymentEvent,
} from './deployment.ts'
import { type DeviceFacts, planLinks } from './planLinks.ts'

const both = ['tcp', 'websocket'] as const
const cloud: DeviceFacts = { role: 'cloud', listens: [...both], dials: [...both] }
const edge: DeviceFacts = { role: 'edge', listens: [...both], dials: [...both] }
const browser: DeviceFacts = { role: 'edge', listens: [], dials: ['websocket'] }

function program(device: string, links: Record<string, Partial<ProgramLink> & { peer: string }>): DeviceProgram {
  return {
    device,
    deviceIndex: 0,
    nodes: {},
    wires: [],
    links: Object.fromEntries(
      Object.entries(links).map(([id, link]) => [id, { direction: 'send', transport: 'tcp', ...link }]),
    ),
  }
}

const chain = new Map([
  ['phone', program('phone', { up: { peer: 'box' } })],
  ['box', program('box', { up: { peer: 'phone', direction: 'receive' }, on: { peer: 'server' } })],
  ['server', program('server', { on: { peer: 'box', direction: 'receive' }, result: { peer: '$client' } })],
])
const chainFacts = new Map([
  ['phone', edge],
  ['box', edge],
  ['server', cloud],
])
const hosts = { phone: '127.0.0.1', box: '127.0.0.1', server: '127.0.0.1' }

describe('planLinks', () => {
  it('lets the cloud device listen and prepares listeners before diallers', () => {
    const plan = unwrap(planLinks(chain, chainFacts))
    expect(plan.ends.get('server')).toEqual({
      on: { role: 'listen', transport: 'tcp' },
      result: { role: 'listen', transport: 'tcp' },
    })
    expect(plan.ends.get('box')?.on).toEqual({ role: 'dial', transport: 'tcp', to: 'server' })
    const order = plan.waves.flat()
    expect(order.indexOf('server')).toBeLessThan(order.indexOf('box'))
  })

  it('lets the device that can listen do so when the cloud device cannot', () => {
    const programs = new Map([
      ['phone', program('phone', { up: { peer: 'server', transport: 'websocket' } })],
      ['server', program('server', { up: { peer: 'phone', direction: 'receive', transport: 'websocket' } })],
    ])
    const facts = new Map([
      ['phone', edge],
      ['server', { ...browser, role: 'cloud' as const }],
    ])
    const plan = unwrap(planLinks(programs, facts))
    expect(plan.ends.get('phone')?.up?.role).toBe('listen')
    expect(plan.waves).toEqual([['phone'], ['server']])
  })

  it('refuses a transport that neither side can listen on, and says what each can', () => {
    const facts = new Map([
      ['phone', browser],
      ['box', browser],
      ['server', cloud],
    ])
    const plan = planLinks(chain, facts)
    expect(plan.ok).toBe(false)
    if (plan.ok) return
    expect(plan.error.code).toBe('device.capability-missing')
    expect(plan.error.message).toContain('phone listens on nothing and dials websocket')
  })
})

/** Drives a deployment with answers chosen by `choose`; returns the effects in order and the end state. */
function drive(choose: (effect: DeploymentEffect) => 'accept' | 'refuse' | 'lose', pick: (count: number) => number) {
  let state: Deployment = createDeployment(unwrap(planLinks(chain, chainFacts)), hosts)
  const performed: DeploymentEffect[] = []
  const pending: DeploymentEvent[] = [{ type: 'start' }]
  while (pending.length > 0) {
    const [event] = pending.splice(pick(pending.length), 1)
    if (event === undefined) break
    const step = applyDeploymentEvent(state, event)
    state = step.next
    for (const effect of step.effects) {
      performed.push(effect)
      const answer = answerTo(effect, choose(effect), state)
      if (answer !== undefined) pending.push(answer)
    }
  }
  return { state, performed }
}

function answerTo(
  effect: DeploymentEffect,
  choice: 'accept' | 'refuse' | 'lose',
  state: Deployment,
): DeploymentEvent | undefined {
  if (effect.type === 'finish') return undefined
  if (effect.type === 'abort') {
    if (choice === 'accept') return { type: 'aborted', device: effect.device }
    return { type: 'failed', device: effect.device, error: new AppError('device.disconnected', 'gone') }
  }
  const error = new AppError('device.refused', `no to ${effect.type}`)
  if (effect.type === 'connect-client') {
    return choice === 'accept' ? { type: 'client-connected' } : { type: 'failed', error }
  }
  const { device } = effect
  if (choice !== 'accept') return { type: 'failed', device, error }
  if (effect.type === 'upload') return { type: 'uploaded', device }
  if (effect.type === 'commit') return { type: 'committed', device }
  const listening = Object.entries(state.plan.ends.get(device) ?? {}).filter(([, end]) => end.role === 'listen')
  return {
    type: 'prepared',
    device,
    endpoints: Object.fromEntries(listening.map(([link]) => [link, { port: 4000, token: `${device}/${link}` }])),
  }
}

describe('deployment', () => {
  it('uploads, prepares wave by wave with the endpoints of the wave before, connects, commits', () => {
    const { state, performed } = drive(
      () => 'accept',
      () => 0,
    )
    expect(state.phase).toBe('running')
    expect(performed.map((effect) => ('device' in effect ? `${effect.type} ${effect.device}` : effect.type))).toEqual([
      'upload server',
      'upload box',
      'upload phone',
      'prepare server',
      'prepare box',
      'prepare phone',
      'connect-client',
      'commit server',
      'commit box',
      'commit phone',
      'finish',
    ])
    const prepareBox = performed.find((effect) => effect.type === 'prepare' && effect.device === 'box')
    expect(prepareBox).toMatchObject({
      links: { on: { role: 'dial', host: '127.0.0.1', port: 4000, token: 'server/on' } },
    })
  })

  it('refuses a device that prepares without the endpoint it owes', () => {
    let state = createDeployment(unwrap(planLinks(chain, chainFacts)), hosts)
    for (const event of [
      { type: 'start' },
      { type: 'uploaded', device: 'phone' },
      { type: 'uploaded', device: 'box' },
      { type: 'uploaded', device: 'server' },
      { type: 'prepared', device: 'server', endpoints: {} },
    ] as const) {
      state = applyDeploymentEvent(state, event).next
    }
    expect(state).toMatchObject({ phase: 'aborting', error: { code: 'device.refused' } })
  })

  it('ends with all devices committed, or with every touched device told to abort, whatever fails and in any order', () => {
    const steps = fc.array(fc.constantFrom('accept', 'accept', 'accept', 'accept', 'refuse', 'lose'), { maxLength: 20 })
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat(1000)), (choices, picks) => {
        let index = 0
        const { state, performed } = drive(
          () => choices[index++] ?? 'accept',
          (count) => (picks.next().value ?? 0) % count,
        )
        const devicesOf = (type: DeploymentEffect['type']) =>
          performed.flatMap((effect) => (effect.type === type && 'device' in effect ? [effect.device] : [])).sort()
        expect(performed.filter((effect) => effect.type === 'finish')).toHaveLength(1)
        if (state.phase === 'running') {
          expect(devicesOf('commit')).toEqual(['box', 'phone', 'server'])
          expect(devicesOf('abort')).toEqual([])
        } else {
          expect(state.phase).toBe('failed')
          expect(devicesOf('abort')).toEqual(devicesOf('prepare'))
          expect(performed.at(-1)).toMatchObject({ type: 'finish', error: { code: 'device.refused' } })
        }
      }),
      { numRuns: 2000 },
    )
  })
})
